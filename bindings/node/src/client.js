import { cancelWaiting, enter } from './calls.js';
import { Delivery } from './delivery.js';
import { AxonPushError, closed, invalidArgument } from './error.js';
import { EVENT, jsonText, OPTIONS, QUERY, STATS, text, whole } from './layout.js';
import { BINDING_VERSION, load } from './library.js';

import { Memory, room, shortLived, textRoom, valuesOf } from './memory.js';
import { resources } from './resources.js';
import { addTrace } from './trace.js';

/** @import { AxonPushOptions, AxonPushEvent, EventQuery, RequestOptions } from '../index.js' */
/** @import { Address, Library } from './library.js' */
/** @import { Values } from './memory.js' */
/** @import { AxonPushResponse } from './response.js' */

const OK = 0;
const QUEUE_FULL = 13;
const TIMEOUT = 14;
const POLLED = 1;
const DEFAULT_SHUTDOWN_TIMEOUT_MS = 2000;
const DEFAULT_FLUSH_TIMEOUT_MS = 30_000;
const LONGEST_MS = 2 ** 31 - 1; // of a JavaScript timer
/** How soon and how late results of background events are looked for. */
const SOONEST_MS = 1;
const LATEST_MS = 50;

/** @type {Record<string, Record<string, number>>} */
const ENUMERATORS = {
  overflow: { drop_oldest: 0, drop_newest: 1, block: 2 },
  contentCapture: { metadata_only: 1, redacted: 2, full: 3 },
};

/** @type {Record<string, number>} */
const LOG_LEVELS = { off: 0, error: 1, warn: 2, info: 3, debug: 4 };

/** Deliveries that the library owes a completion, by the number that it gets as user_data. */
/** @type {Map<number, Delivery>} */
const owed = new Map();
let lastNumber = 0;

/** Runs inside axonpush_poll(), on this thread. One per library, for all clients: koffi's callbacks are few. */
/** @type {Map<Library, number>} */
const completions = new Map();

/** @param {Library} library */
function completionOf(library) {
  let address = completions.get(library);
  if (address === undefined) {
    address = library.completion((status, response, error, number) => {
      const delivery = owed.get(number);
      if (delivery === undefined) return;
      owed.delete(number);
      const outcome = status === OK ? library.readResponse(response) : library.readError(error);
      delivery.client._ended(delivery, outcome);
    });
    completions.set(library, address);
  }
  return address;
}

/** Frees walks through events that were neither finished nor left, such as by a call of next() alone. */
/** @type {FinalizationRegistry<{library: Library, address: Address}>} */
const abandoned = new FinalizationRegistry(({ library, address }) => library.iterFree(address));

/** Clients with a call under way. */
/** @type {Set<AxonPush>} */
const busy = new Set();

// On its way out Node waits for the threads of libuv's pool, and one that is inside a call of ours may take minutes. Shutting
// its client down interrupts it. All other clients are drained by the library itself, when the process calls exit().
process.on('exit', () => {
  for (const client of busy) client._leave();
});

/** See index.d.ts. */
export class AxonPush {
  #library;
  /** @type {Address} */
  #handle;
  #shutdownTimeoutMs;
  #waitsForRoom;
  #stopping = false;
  /** @type {Promise<void> | undefined} */
  #closing;
  #calls = 0;
  /** Events that the library has. */
  #queued = 0;
  /** Reasons to keep the process alive: promises and flushes that somebody waits for, events that wait for room. */
  #reasonsToLive = 0;
  /** When results are looked for next, see #look. */
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #timerMs = 0;
  /** When a result came last, or somebody began to wait for one. */
  #lastNews = 0;
  /** Events that wait for room in the queue (overflow "block"), in order. */
  /** @type {{delivery: Delivery, values: Values}[]} */
  #line = [];
  /** @type {Set<{last: number, left: number, ended: () => void}>} */
  #flushes = new Set();
  #warned = false;
  /** Events of integrations that were refused. */
  #lost = 0;

  /** @param {AxonPushOptions} [options] */
  constructor(options = {}) {
    const { library, ...rest } = options;
    this.#library = load(library);
    this.#shutdownTimeoutMs = rest.shutdownTimeoutMs || DEFAULT_SHUTDOWN_TIMEOUT_MS;
    this.#waitsForRoom = rest.overflow === 'block';
    const values = valuesOf(OPTIONS, nativeOptions(rest), 'options');
    const memory = shortLived(room(OPTIONS, values));
    this.#handle = this.#library.create(memory.struct(OPTIONS, values), memory.errorSlot);
    if (!this.#handle) throw this.#library.takeError(memory.error);
    this.events = new Events(this);
    const { apps, channels, environments, webhooks, traces, organizations, capabilities, health } = resources(this);
    this.apps = apps;
    this.channels = channels;
    this.environments = environments;
    this.webhooks = webhooks;
    this.traces = traces;
    this.organizations = organizations;
    this.capabilities = capabilities;
    this.health = health;
  }

  /** The version of the native library, such as "1.2.3". */
  get libraryVersion() {
    return this.#library.version;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {RequestOptions} [options]
   */
  async request(method, path, options = {}) {
    const { query, body, bodyText, ...unknown } = options;
    for (const name in unknown) throw invalidArgument(`request.${name}: there is no such option`);
    if (body !== undefined && bodyText !== undefined) throw invalidArgument('request: give body or bodyText, not both');
    const texts = [
      text('method', method),
      text('path', path),
      query === undefined || query === null ? null : queryText(query),
      bodyText !== undefined ? text('bodyText', bodyText) : body === undefined ? null : jsonText('body', body),
    ];
    const memory = new Memory(texts.reduce((sum, each) => sum + textRoom(each), 64));
    const [m, p, q, b] = texts.map((each) => (each === null ? 0 : memory.text(each)));
    return this._call(memory, this.#library.request, [m, p, q, b, 0]);
  }

  /** @param {number} [timeoutMs] */
  async flush(timeoutMs = DEFAULT_FLUSH_TIMEOUT_MS) {
    whole('timeoutMs', timeoutMs, 0, LONGEST_MS);
    // It does not wait: with no time it says whether the client is valid, and has a service that was unreachable tried now.
    const memory = shortLived(0);
    const status = this.#library.flush(this.#handle, 0, memory.errorSlot);
    const error = status === OK ? null : this.#library.takeError(memory.error);
    if (error !== null && status !== TIMEOUT) throw error;
    this.#drain();
    const left = this.#queued + this.#line.length;
    if (left === 0) return;

    const flush = { last: lastNumber, left, ended: () => {} };
    this.#flushes.add(flush);
    this.#keepAlive(1);
    try {
      await new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          this.#drain(); // The thread may have been too busy to see what ended in time.
          if (flush.left > 0) reject(flushTimeout(flush.left));
        }, timeoutMs);
        flush.ended = () => {
          clearTimeout(timer);
          resolve(undefined);
        };
      });
    } finally {
      this.#flushes.delete(flush);
      this.#keepAlive(-1);
    }
  }

  /** @param {number} [timeoutMs] */
  async shutdown(timeoutMs = this.#shutdownTimeoutMs) {
    whole('timeoutMs', timeoutMs, 0, 2 ** 32 - 1);
    this.#stop();
    const memory = new Memory(0);
    const status = await inBackground(this.#library.shutdown, [this.#handle, timeoutMs, memory.errorSlot]);
    this.#drain();
    if (status !== OK) throw this.#library.takeError(memory.error);
  }

  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close() {
    this.#stop();
    const handle = this.#handle;
    this.#handle = 0;
    // Two steps: axonpush_close() would run completions that were not polled, and on a thread that is not JavaScript's. After
    // axonpush_shutdown() there are no new ones.
    await inBackground(this.#library.shutdown, [handle, this.#shutdownTimeoutMs, 0]);
    this.#drain(handle);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await inBackground(this.#library.close, [handle]);
  }

  [Symbol.dispose]() {
    void this.close();
  }

  [Symbol.asyncDispose]() {
    return this.close();
  }

  /** @returns {import("../index.js").AxonPushStats} */
  stats() {
    const memory = shortLived(0);
    const stats = memory.struct(STATS, []);
    const status = this.#library.statsGet(this.#handle, stats, memory.errorSlot);
    if (status !== OK) throw this.#library.takeError(memory.error);
    const numbers = memory.numbers(STATS, stats);
    numbers.logEventsLost += this.#lost;
    return /** @type {any} */ (numbers);
  }

  // ---- For this package's own use ----

  /**
   * Runs a call of the client that ends in `(…, response, error)` on a thread of the pool.
   * @param {Memory} memory kept until the call has returned
   * @param {import('./library.js').NativeFunction} native
   * @param {(number | bigint)[]} parameters
   * @returns {Promise<AxonPushResponse | null>}
   */
  async _call(memory, native, parameters) {
    await this.#run(memory, native, () => [this.#handle, ...parameters]);
    return this.#library.takeResponse(memory.response);
  }

  /**
   * The same for any call, whose parameters are asked for when it starts. Rejected if it fails.
   * @param {Memory} memory
   * @param {import('./library.js').NativeFunction} native
   * @param {() => (number | bigint)[]} parameters
   * @returns {Promise<void>}
   */
  #run(memory, native, parameters) {
    return new Promise((resolve, reject) => {
      if (this.#stopping && this.#handle) throw closed('the client was shut down before the call');
      enter({
        owner: this,
        cancel: () => reject(closed('the client was shut down before the call was started')),
        start: (done) => {
          this.#calls += 1;
          busy.add(this);
          inBackground(native, [...parameters(), memory.responseSlot, memory.errorSlot])
            .finally(() => {
              this.#calls -= 1;
              if (this.#calls === 0) busy.delete(this);
              done();
            })
            .then((status) => {
              if (status === OK) resolve();
              else reject(this.#library.takeError(memory.error));
            })
            .catch(reject);
        },
      });
    });
  }

  /**
   * @param {string | null} channelId null: all channels
   * @param {EventQuery | undefined} query
   */
  async *_iterate(channelId, query) {
    const library = this.#library;
    const values = valuesOf(QUERY, query, 'query');
    const channel = channelId === null ? null : text('channelId', channelId);
    const first = shortLived(room(QUERY, values) + textRoom(channel));
    const at = channel === null ? 0 : first.text(channel);
    const status = library.iterNew(this.#handle, at, first.struct(QUERY, values), first.responseSlot, first.errorSlot);
    if (status !== OK) throw library.takeError(first.error);
    const walk = { library, address: first.response };
    abandoned.register(walk, { library, address: walk.address }, walk);
    try {
      // An event lives until the next call. Most calls find one that has been fetched.
      const memory = new Memory(0);
      for (;;) {
        await this.#run(memory.clear(), library.iterNext, () => [walk.address]);
        if (!memory.response) return;
        yield library.readResponse(memory.response)?.data;
      }
    } finally {
      abandoned.unregister(walk);
      library.iterFree(walk.address);
    }
  }

  /**
   * @param {import('./operations.js').Operation} operation
   * @param {Memory} memory
   * @param {number[]} parameters
   */
  _operate(operation, memory, parameters) {
    const native = /** @type {import('./library.js').NativeFunction} */ (this.#library.operations.get(operation));
    return this._call(memory, native, parameters);
  }

  /** @param {AxonPushEvent} event */
  _publish(event) {
    const values = valuesOf(EVENT, event, 'event');
    addTrace(event, values);
    const memory = new Memory(room(EVENT, values));
    return this._call(memory, this.#library.publish, [memory.struct(EVENT, values)]);
  }

  /**
   * @param {string | null | undefined} channelId undefined: all channels
   * @param {EventQuery | undefined} query
   */
  async _list(channelId, query) {
    const values = valuesOf(QUERY, query, 'query');
    const channel = channelId ? text('channelId', channelId) : null;
    const memory = new Memory(room(QUERY, values) + textRoom(channel));
    const filters = memory.struct(QUERY, values);
    const answer = await (channelId === undefined
      ? this._call(memory, this.#library.search, [filters])
      : this._call(memory, this.#library.list, [channel === null ? 0 : memory.text(channel), filters]));
    return answer?.data.events ?? [];
  }

  /** @param {AxonPushEvent} event */
  _enqueue(event) {
    const delivery = new Delivery(++lastNumber, this);
    try {
      const values = valuesOf(EVENT, event, 'event');
      addTrace(event, values);
      if (this.#stopping && this.#handle) throw closed('the client was shut down before the event');
      if (this.#line.length > 0 || !this.#push(delivery, values)) {
        this.#line.push({ delivery, values });
        if (this.#line.length === 1) this.#keepAlive(1);
      }
    } catch (error) {
      delivery.reject(/** @type {Error} */ (error));
      this.#warnIfUnseen(delivery, /** @type {Error} */ (error));
    }
    return delivery;
  }

  /**
   * Enqueues what an integration has seen. Never throws and never waits for room; false: it is lost, and counted.
   * @param {AxonPushEvent} event
   */
  _observe(event) {
    try {
      const values = valuesOf(EVENT, event, 'event');
      addTrace(event, values);
      const stopped = this.#stopping && this.#handle;
      if (!stopped && this.#line.length === 0 && this.#push(new Delivery(++lastNumber, this), values)) return true;
    } catch {}
    this._lose();
    return false;
  }

  /** An event of an integration is lost. */
  _lose() {
    this.#lost += 1;
  }

  /**
   * An event that the library had has come to its end.
   * @param {Delivery} delivery
   * @param {AxonPushResponse | AxonPushError | null} outcome
   */
  _ended(delivery, outcome) {
    this.#queued -= 1;
    this.#settle(delivery, outcome);
  }

  /**
   * @param {Delivery} delivery
   * @param {AxonPushResponse | Error | null} outcome
   */
  #settle(delivery, outcome) {
    if (outcome instanceof Error) delivery.reject(outcome);
    else delivery.fulfil(outcome);
    for (const flush of this.#flushes) {
      if (delivery.number <= flush.last && --flush.left === 0) flush.ended();
    }
  }

  /** The process exits while calls are under way. */
  _leave() {
    this.#library.shutdown(this.#handle, this.#shutdownTimeoutMs, 0);
  }

  // ---- Background events ----

  /**
   * Gives an event to the library. False: there is no room, and it is to wait.
   * @param {Delivery} delivery
   * @param {Values} values
   */
  #push(delivery, values) {
    const memory = shortLived(room(EVENT, values));
    const struct = memory.struct(EVENT, values);
    const number = delivery.number;
    const completion = completionOf(this.#library);
    owed.set(number, delivery);
    let status = this.#library.publishAsync(this.#handle, struct, completion, number, memory.errorSlot);
    // The library also says so while too many results wait to be polled, as they do when the event loop is kept busy.
    if (status === QUEUE_FULL && this.#library.poll(this.#handle, 0) > 0) {
      this.#library.freeError(memory.error);
      status = this.#library.publishAsync(this.#handle, struct, completion, number, memory.errorSlot);
    }
    if (status === OK) {
      this.#queued += 1;
      delivery.markAccepted();
      if (this.#timer === undefined) this.#look();
      return true;
    }
    owed.delete(number);
    const error = this.#library.takeError(memory.error);
    // An event for which an empty queue has no room will never have any.
    if (status === QUEUE_FULL && this.#waitsForRoom && this.#queued > 0) return false;
    throw error;
  }

  /** Events have ended, so there is room for those in the line. */
  #moveUp() {
    if (this.#line.length === 0) return;
    let moved = 0;
    for (; moved < this.#line.length; moved += 1) {
      const { delivery, values } = this.#line[moved];
      try {
        if (!this.#push(delivery, values)) break;
      } catch (error) {
        this.#settle(delivery, /** @type {Error} */ (error));
      }
    }
    this.#line.splice(0, moved);
    if (this.#line.length === 0) this.#keepAlive(-1);
  }

  /**
   * Settles what has ended.
   * @param {Address} [handle]
   */
  #drain(handle = this.#handle) {
    if (this.#queued === 0) return;
    if (this.#library.poll(handle, 0) > 0) this.#lastNews = performance.now();
    this.#moveUp();
  }

  /**
   * Looks for results as long as events are under way. While somebody waits for one, after an eighth of the time that it has
   * been waited for, so that a result is seen a little late at most, and a long wait costs next to nothing.
   *
   * Rejected: to have libuv watch axonpush_completion_fd(), as koffi.node.poll() can. It sees a result a millisecond sooner, but
   * Node aborts if the descriptor becomes readable while the environment is torn down.
   */
  #look() {
    const awaited = this.#reasonsToLive > 0;
    const wait = (performance.now() - this.#lastNews) / 8;
    this.#timerMs = awaited ? Math.min(Math.max(wait, SOONEST_MS), LATEST_MS) : LATEST_MS;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#drain();
      if (this.#queued > 0 && this.#timer === undefined) this.#look();
    }, this.#timerMs);
    if (!awaited) this.#timer.unref();
  }

  /** @param {1 | -1} change */
  #keepAlive(change) {
    this.#reasonsToLive += change;
    if (change === 1) {
      this.#lastNews = performance.now();
      if (this.#timer === undefined) return;
      if (this.#timerMs > SOONEST_MS) {
        clearTimeout(this.#timer);
        this.#look();
      } else {
        this.#timer.ref();
      }
    } else if (this.#reasonsToLive === 0) {
      this.#timer?.unref();
    }
  }

  /**
   * Somebody begins, or ceases, to wait for a delivery.
   * @param {1 | -1} change
   */
  _awaited(change) {
    this.#keepAlive(change);
  }

  /** Nothing new from now on. */
  #stop() {
    this.#stopping = true;
    cancelWaiting(this);
    const line = this.#line;
    if (line.length === 0) return;
    this.#line = [];
    this.#keepAlive(-1);
    for (const { delivery } of line) this.#settle(delivery, closed('the client was shut down while the event waited for room'));
  }

  /**
   * A mistake in an event that nobody waits for would go unnoticed.
   * @param {Delivery} delivery
   * @param {Error} error
   */
  #warnIfUnseen(delivery, error) {
    if (this.#warned) return;
    setImmediate(() => {
      if (this.#warned || delivery.observed) return;
      this.#warned = true;
      process.emitWarning(`an event was refused, and its promise is not looked at: ${error.message}`, 'AxonPushWarning');
    });
  }
}

/** `client.events`. See index.d.ts. */
class Events {
  #client;

  /** @param {AxonPush} client */
  constructor(client) {
    this.#client = client;
  }

  /** @param {AxonPushEvent} event */
  async publish(event) {
    return this.#client._publish(event);
  }

  /** @param {AxonPushEvent} event */
  enqueue(event) {
    return this.#client._enqueue(event);
  }

  /**
   * @param {string | null} [channelId]
   * @param {EventQuery} [query]
   */
  async list(channelId, query) {
    return this.#client._list(channelId ?? null, query);
  }

  /**
   * @param {string | null} [channelId]
   * @param {EventQuery} [query]
   */
  iterate(channelId, query) {
    return this.#client._iterate(channelId ?? null, query);
  }

  /** @param {EventQuery} [query] */
  async search(query) {
    return this.#client._list(undefined, query);
  }
}

/**
 * The options as the library takes them.
 * @param {AxonPushOptions} options
 */
function nativeOptions(options) {
  /** @type {Record<string, unknown>} */
  const native = { ...options };
  for (const [name, values] of Object.entries(ENUMERATORS)) {
    const value = native[name];
    if (value === undefined || value === null) continue;
    const number = typeof value === 'string' && Object.hasOwn(values, value) ? values[value] : undefined;
    if (number === undefined) {
      throw invalidArgument(`${name}: expected one of ${Object.keys(values).join(', ')}, got ${String(value)}`);
    }
    native[name] = number;
  }
  // The event loop must not wait: this binding keeps what has no room, see #line.
  if (options.overflow === 'block') native.overflow = ENUMERATORS.overflow.drop_newest;
  if (native.failOpen !== undefined && native.failOpen !== null) {
    if (typeof native.failOpen !== 'boolean') throw invalidArgument('failOpen: expected true or false');
    native.failOpen = native.failOpen ? 1 : 2;
  }
  // In C, 0 means the default; here that is undefined, and 0 means none.
  if (native.maxRetries === 0) native.maxRetries = -1;
  if ('completionMode' in native) throw invalidArgument('options.completionMode: there is no such member');
  native.completionMode = POLLED;
  const product = `axonpush-node/${BINDING_VERSION}`;
  native.userAgent = native.userAgent ? `${native.userAgent} ${product}` : product;
  return native;
}

/** @param {string | URLSearchParams | Record<string, string | number | boolean | null | undefined>} query */
function queryText(query) {
  if (typeof query === 'string') return text('query', query);
  if (query instanceof URLSearchParams) return query.toString();
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) parameters.append(name, String(value));
  }
  return parameters.toString();
}

/** @param {number} left */
function flushTimeout(left) {
  const message = `flush: ${left} events were still not delivered when the time was over`;
  return new AxonPushError('AXONPUSH_ERR_TIMEOUT', message);
}

/**
 * Calls a C function on a thread of libuv's pool.
 * @param {import('./library.js').NativeFunction} native
 * @param {(number | bigint)[]} parameters
 * @returns {Promise<any>}
 */
function inBackground(native, parameters) {
  return new Promise((resolve, reject) => {
    native.async(...parameters, (/** @type {Error | null} */ error, /** @type {unknown} */ result) =>
      error ? reject(error) : resolve(result),
    );
  });
}

/**
 * How much the library logs, for the whole process. See index.d.ts.
 * @param {string} level
 * @param {{library?: string}} [options]
 */
export function setLogLevel(level, options = {}) {
  if (!Object.hasOwn(LOG_LEVELS, level)) {
    throw invalidArgument(`level: expected one of ${Object.keys(LOG_LEVELS).join(', ')}, got ${String(level)}`);
  }
  load(options.library).logSet(LOG_LEVELS[level], 0, 0);
}
