import { cancelWaiting, enter } from './calls.js';
import { Delivery } from './delivery.js';
import { AxonPushError, closed, invalidArgument } from './error.js';
import { EVENT, jsonText, OPTIONS, QUERY, STATS, checkString, checkWhole } from './layout.js';
import { BINDING_VERSION, load } from './library.js';
import { Memory, room, shortLived, stringRoom, valuesOf } from './memory.js';
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
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** The shortest and the longest time between two looks for the results of background events. */
const SHORTEST_POLL_MS = 1;
const LONGEST_POLL_MS = 50;

/** @type {Record<string, Record<string, number>>} */
const ENUMERATORS = {
  overflow: { drop_oldest: 0, drop_newest: 1, block: 2 },
  contentCapture: { metadata_only: 1, redacted: 2, full: 3 },
};

/** @type {Record<string, number>} */
const LOG_LEVELS = { off: 0, error: 1, warn: 2, info: 3, debug: 4 };

/** The deliveries that await a completion of the library, by the number that is passed as its user_data. */
/** @type {Map<number, Delivery>} */
const pending = new Map();
let lastNumber = 0;

/** The completion callback of each library. It runs inside axonpush_poll(), on this thread. All clients share it, since koffi has few. */
/** @type {Map<Library, number>} */
const completions = new Map();

/** @param {Library} library */
function completionOf(library) {
  let address = completions.get(library);
  if (address === undefined) {
    address = library.completion((status, response, error, number) => {
      const delivery = pending.get(number);
      if (delivery === undefined) return;
      pending.delete(number);
      const result = status === OK ? library.readResponse(response) : library.readError(error);
      delivery.client._completed(delivery, result);
    });
    completions.set(library, address);
  }
  return address;
}

/** Frees native iterators whose loops were neither finished nor left, such as after a single call of next(). */
/** @type {FinalizationRegistry<{library: Library, address: Address}>} */
const unreachable = new FinalizationRegistry(({ library, address }) => library.iterFree(address));

/** The clients with a call in progress. */
/** @type {Set<AxonPush>} */
const busy = new Set();

// When it exits, Node waits for the threads of libuv's pool, and one of our calls there may take minutes. Shutting the client down
// interrupts the call. All other clients are drained by the library itself, when the process calls exit().
process.on('exit', () => {
  for (const client of busy) client._exit();
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
  /** The number of events in the library's queue. */
  #queued = 0;
  /** The number of reasons to keep the process alive: promises and flushes that are awaited, and events that wait for room. */
  #reasonsToLive = 0;
  /** Looks for results next, see #schedulePoll. */
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #timerMs = 0;
  /** When a result last arrived, or somebody last began to wait for one. */
  #lastProgress = 0;
  /** The events that wait for room in the queue (overflow "block"), in order. */
  /** @type {{delivery: Delivery, values: Values}[]} */
  #waitingForRoom = [];
  /** @type {Set<{last: number, left: number, done: () => void}>} */
  #flushes = new Set();
  #warned = false;
  /** The number of events of integrations that could not be enqueued. */
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
    const strings = [
      checkString('method', method),
      checkString('path', path),
      query === undefined || query === null ? null : queryText(query),
      bodyText !== undefined ? checkString('bodyText', bodyText) : body === undefined ? null : jsonText('body', body),
    ];
    const memory = new Memory(strings.reduce((sum, each) => sum + stringRoom(each), 64));
    const [m, p, q, b] = strings.map((each) => (each === null ? 0 : memory.string(each)));
    return this._call(memory, this.#library.request, [m, p, q, b, 0]);
  }

  /** @param {number} [timeoutMs] */
  async flush(timeoutMs = DEFAULT_FLUSH_TIMEOUT_MS) {
    checkWhole('timeoutMs', timeoutMs, 0, LONGEST_TIMER_MS);
    // With a timeout of 0 this does not wait. It checks the client, and has a service that was unreachable tried at once.
    const memory = shortLived(0);
    const status = this.#library.flush(this.#handle, 0, memory.errorSlot);
    const error = status === OK ? null : this.#library.takeError(memory.error);
    if (error !== null && status !== TIMEOUT) throw error;
    this.#drain();
    const left = this.#queued + this.#waitingForRoom.length;
    if (left === 0) return;

    const flush = { last: lastNumber, left, done: () => {} };
    this.#flushes.add(flush);
    this.#keepAlive(1);
    try {
      await new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          this.#drain(); // The thread may have been too busy to notice what was delivered in time.
          if (flush.left > 0) reject(flushTimeout(flush.left));
        }, timeoutMs);
        flush.done = () => {
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
    checkWhole('timeoutMs', timeoutMs, 0, 2 ** 32 - 1);
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
    // Closing takes two steps, since axonpush_close() would run completions that were not polled, and on a thread that is not
    // JavaScript's. After axonpush_shutdown() there are no new ones.
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
   * Calls a function of the client whose parameters end in `(…, response, error)`, on a thread of the pool.
   * @param {Memory} memory is kept until the call has returned
   * @param {import('./library.js').NativeFunction} native
   * @param {(number | bigint)[]} parameters
   * @returns {Promise<AxonPushResponse | null>}
   */
  async _call(memory, native, parameters) {
    await this.#run(memory, native, () => [this.#handle, ...parameters]);
    return this.#library.takeResponse(memory.response);
  }

  /**
   * Calls any native function. Its parameters are asked for when it starts. The promise is rejected if the call fails.
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
    const channel = channelId === null ? null : checkString('channelId', channelId);
    const first = shortLived(room(QUERY, values) + stringRoom(channel));
    const at = channel === null ? 0 : first.string(channel);
    const status = library.iterNew(this.#handle, at, first.struct(QUERY, values), first.responseSlot, first.errorSlot);
    if (status !== OK) throw library.takeError(first.error);
    const iterator = { library, address: first.response };
    unreachable.register(iterator, { library, address: iterator.address }, iterator);
    try {
      // An event is valid until the next call. Most calls return one that has been fetched already.
      const memory = new Memory(0);
      for (;;) {
        await this.#run(memory.clear(), library.iterNext, () => [iterator.address]);
        if (!memory.response) return;
        yield library.readResponse(memory.response)?.data;
      }
    } finally {
      unreachable.unregister(iterator);
      library.iterFree(iterator.address);
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
    const channel = channelId ? checkString('channelId', channelId) : null;
    const memory = new Memory(room(QUERY, values) + stringRoom(channel));
    const filters = memory.struct(QUERY, values);
    const response = await (channelId === undefined
      ? this._call(memory, this.#library.search, [filters])
      : this._call(memory, this.#library.list, [channel === null ? 0 : memory.string(channel), filters]));
    return response?.data.events ?? [];
  }

  /** @param {AxonPushEvent} event */
  _enqueue(event) {
    const delivery = new Delivery(++lastNumber, this);
    try {
      const values = valuesOf(EVENT, event, 'event');
      addTrace(event, values);
      if (this.#stopping && this.#handle) throw closed('the client was shut down before the event');
      if (this.#waitingForRoom.length > 0 || !this.#push(delivery, values)) {
        this.#waitingForRoom.push({ delivery, values });
        if (this.#waitingForRoom.length === 1) this.#keepAlive(1);
      }
    } catch (error) {
      delivery.reject(/** @type {Error} */ (error));
      this.#warnIfUnseen(delivery, /** @type {Error} */ (error));
    }
    return delivery;
  }

  /**
   * Enqueues an event of an integration. It never throws and never waits for room. False means that the event is lost; it is counted.
   * @param {AxonPushEvent} event
   */
  _observe(event) {
    try {
      const values = valuesOf(EVENT, event, 'event');
      addTrace(event, values);
      const stopped = this.#stopping && this.#handle;
      if (!stopped && this.#waitingForRoom.length === 0 && this.#push(new Delivery(++lastNumber, this), values)) return true;
    } catch {}
    this._lose();
    return false;
  }

  /** Counts an event of an integration that is lost. */
  _lose() {
    this.#lost += 1;
  }

  /**
   * Settles the delivery of an event that the library has completed.
   * @param {Delivery} delivery
   * @param {AxonPushResponse | AxonPushError | null} result
   */
  _completed(delivery, result) {
    this.#queued -= 1;
    this.#settle(delivery, result);
  }

  /**
   * @param {Delivery} delivery
   * @param {AxonPushResponse | Error | null} result
   */
  #settle(delivery, result) {
    if (result instanceof Error) delivery.reject(result);
    else delivery.fulfil(result);
    for (const flush of this.#flushes) {
      if (delivery.number <= flush.last && --flush.left === 0) flush.done();
    }
  }

  /** Interrupts the calls in progress, because the process exits. */
  _exit() {
    this.#library.shutdown(this.#handle, this.#shutdownTimeoutMs, 0);
  }

  // ---- Background events ----

  /**
   * Passes an event to the library. False means that there is no room, and that the event has to wait.
   * @param {Delivery} delivery
   * @param {Values} values
   */
  #push(delivery, values) {
    const memory = shortLived(room(EVENT, values));
    const struct = memory.struct(EVENT, values);
    const number = delivery.number;
    const completion = completionOf(this.#library);
    pending.set(number, delivery);
    let status = this.#library.publishAsync(this.#handle, struct, completion, number, memory.errorSlot);
    // The library's queue is also full while too many results wait to be polled, as happens when the event loop is kept busy.
    if (status === QUEUE_FULL && this.#library.poll(this.#handle, 0) > 0) {
      this.#library.freeError(memory.error);
      status = this.#library.publishAsync(this.#handle, struct, completion, number, memory.errorSlot);
    }
    if (status === OK) {
      this.#queued += 1;
      delivery.markAccepted();
      if (this.#timer === undefined) this.#schedulePoll();
      return true;
    }
    pending.delete(number);
    const error = this.#library.takeError(memory.error);
    // An event that does not fit into an empty queue never will.
    if (status === QUEUE_FULL && this.#waitsForRoom && this.#queued > 0) return false;
    throw error;
  }

  /** Enqueues events that have waited for room, now that others have been delivered. */
  #fillQueue() {
    if (this.#waitingForRoom.length === 0) return;
    let moved = 0;
    for (; moved < this.#waitingForRoom.length; moved += 1) {
      const { delivery, values } = this.#waitingForRoom[moved];
      try {
        if (!this.#push(delivery, values)) break;
      } catch (error) {
        this.#settle(delivery, /** @type {Error} */ (error));
      }
    }
    this.#waitingForRoom.splice(0, moved);
    if (this.#waitingForRoom.length === 0) this.#keepAlive(-1);
  }

  /**
   * Settles the events whose results have arrived.
   * @param {Address} [handle]
   */
  #drain(handle = this.#handle) {
    if (this.#queued === 0) return;
    if (this.#library.poll(handle, 0) > 0) this.#lastProgress = performance.now();
    this.#fillQueue();
  }

  /**
   * Schedules the next look for results, as long as events are queued. While somebody waits for a result, the next look comes after
   * an eighth of the time that the wait has taken so far. So a result is noticed only slightly late, and a long wait costs next to
   * nothing.
   *
   * Rejected: having libuv watch axonpush_completion_fd(), as koffi.node.poll() can. It notices a result a millisecond sooner, but
   * Node aborts if the descriptor becomes readable while the environment is torn down.
   */
  #schedulePoll() {
    const awaited = this.#reasonsToLive > 0;
    const wait = (performance.now() - this.#lastProgress) / 8;
    this.#timerMs = awaited ? Math.min(Math.max(wait, SHORTEST_POLL_MS), LONGEST_POLL_MS) : LONGEST_POLL_MS;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#drain();
      if (this.#queued > 0 && this.#timer === undefined) this.#schedulePoll();
    }, this.#timerMs);
    if (!awaited) this.#timer.unref();
  }

  /** @param {1 | -1} change */
  #keepAlive(change) {
    this.#reasonsToLive += change;
    if (change === 1) {
      this.#lastProgress = performance.now();
      if (this.#timer === undefined) return;
      if (this.#timerMs > SHORTEST_POLL_MS) {
        clearTimeout(this.#timer);
        this.#schedulePoll();
      } else {
        this.#timer.ref();
      }
    } else if (this.#reasonsToLive === 0) {
      this.#timer?.unref();
    }
  }

  /**
   * Counts those who wait for a delivery: 1 when somebody begins, -1 when the delivery is settled.
   * @param {1 | -1} change
   */
  _awaited(change) {
    this.#keepAlive(change);
  }

  /** Refuses new calls and events from now on. */
  #stop() {
    this.#stopping = true;
    cancelWaiting(this);
    const waiting = this.#waitingForRoom;
    if (waiting.length === 0) return;
    this.#waitingForRoom = [];
    this.#keepAlive(-1);
    for (const { delivery } of waiting) this.#settle(delivery, closed('the client was shut down while the event waited for room'));
  }

  /**
   * Warns about the first refused event whose promise nobody uses, since the mistake would go unnoticed.
   * @param {Delivery} delivery
   * @param {Error} error
   */
  #warnIfUnseen(delivery, error) {
    if (this.#warned) return;
    setImmediate(() => {
      if (this.#warned || delivery.observed) return;
      this.#warned = true;
      process.emitWarning(`an event was refused, and nobody awaits its promise: ${error.message}`, 'AxonPushWarning');
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
 * Converts the options to what the library takes.
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
  // The event loop must not wait, so this binding itself keeps the events for which there is no room, see #waitingForRoom.
  if (options.overflow === 'block') native.overflow = ENUMERATORS.overflow.drop_newest;
  if (native.failOpen !== undefined && native.failOpen !== null) {
    if (typeof native.failOpen !== 'boolean') throw invalidArgument('failOpen: expected true or false');
    native.failOpen = native.failOpen ? 1 : 2;
  }
  // In C, 0 means the default. Here, undefined means the default, and 0 means none.
  if (native.maxRetries === 0) native.maxRetries = -1;
  if ('completionMode' in native) throw invalidArgument('options.completionMode: there is no such member');
  native.completionMode = POLLED;
  const product = `axonpush-node/${BINDING_VERSION}`;
  native.userAgent = native.userAgent ? `${native.userAgent} ${product}` : product;
  return native;
}

/** @param {string | URLSearchParams | Record<string, string | number | boolean | null | undefined>} query */
function queryText(query) {
  if (typeof query === 'string') return checkString('query', query);
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
 * Calls a native function on a thread of libuv's pool.
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
 * Sets how much the library logs, for the whole process. See index.d.ts.
 * @param {string} level
 * @param {{library?: string}} [options]
 */
export function setLogLevel(level, options = {}) {
  if (!Object.hasOwn(LOG_LEVELS, level)) {
    throw invalidArgument(`level: expected one of ${Object.keys(LOG_LEVELS).join(', ')}, got ${String(level)}`);
  }
  load(options.library).logSet(LOG_LEVELS[level], 0, 0);
}
