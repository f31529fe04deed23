import { Background, OK } from './background.js';
import { Calls, runEnding } from './calls.js';
import { AxonPushError, callSite, closed, invalidArgument } from './error.js';
import { checkString, checkWhole, EVENT, jsonText, OPTIONS, QUERY, STATS } from './layout.js';
import { load } from './library.js';
import { endLogs, pollLog, setLog } from './log.js';
import { Memory, room, shortLived, stringRoom, valuesOf } from './memory.js';
import { callOptions, nativeOptions, queryText } from './options.js';
import { resources } from './resources.js';
import { onAbort } from './signals.js';
import { addTrace } from './trace.js';

/** @import { AbortSignalLike, AxonPushOptions, AxonPushEvent, CallOptions, EventQuery, RequestOptions } from '../index.js' */
/** @import { Delivery } from './delivery.js' */
/** @import { Address, Library } from './library.js' */
/** @import { AxonPushResponse } from './response.js' */

const DEFAULT_SHUTDOWN_TIMEOUT_MS = 2000;
const DEFAULT_FLUSH_TIMEOUT_MS = 30_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** How long the library is first waited for on a thread of the pool, while it delivers what earlier clients left. */
const FIRST_WAIT_MS = 50;

/**
 * A second handle for the client, through which calls have a deadline and can be cancelled.
 * @typedef {{handle: Address, deadline: number | undefined, signal: AbortSignalLike | undefined}} CallHandle
 */

/** Frees native iterators whose loops were neither finished nor left, such as after a single call of next(). */
/** @type {FinalizationRegistry<{library: Library, iterator: Address, call: Address}>} */
const unreachable = new FinalizationRegistry(({ library, iterator, call }) => {
  library.iterFree(iterator);
  library.callFree(call);
});

/** The clients with a call in progress. */
/** @type {Set<AxonPush>} */
const busy = new Set();

// When it exits, Node waits for the threads that are inside a call, which may take minutes. Shutting the client down interrupts the
// call. All other clients are drained by the library itself, when the process calls exit().
process.on('exit', () => {
  for (const client of busy) client._exit();
  endLogs();
});

/** See index.d.ts. */
export class AxonPush {
  #library;
  /** @type {Address} */
  #handle;
  #shutdownTimeoutMs;
  /** Whether earlier clients may have left events. */
  #spools;
  #background;
  #calls;
  /** The number of calls that have been asked for and have not returned. */
  #callsLeft = 0;
  #stopping = false;
  /** @type {Promise<void> | undefined} */
  #closing;
  #warned = false;
  /** The number of events of integrations that could not be enqueued. */
  #lost = 0;

  /** @param {AxonPushOptions} [options] */
  constructor(options = {}) {
    const { library, log, blockTimeoutMs, ...rest } = options;
    this.#library = load(library);
    this.#shutdownTimeoutMs = rest.shutdownTimeoutMs || DEFAULT_SHUTDOWN_TIMEOUT_MS;
    this.#spools = Boolean(rest.spoolDir ?? process.env.AXONPUSH_SPOOL_DIR);
    const values = valuesOf(OPTIONS, nativeOptions(rest), 'options');
    checkWhole('blockTimeoutMs', blockTimeoutMs ?? 0, 0, LONGEST_TIMER_MS);
    if (log !== undefined) setLog(this.#library, log);
    const memory = shortLived(room(OPTIONS, values));
    this.#handle = this.#library.create(memory.struct(OPTIONS, values), memory.errorSlot);
    pollLog(this.#library);
    if (!this.#handle) throw this.#library.takeError(memory.error);
    const overflow = { blocks: rest.overflow === 'block', blockTimeoutMs: blockTimeoutMs ?? 0 };
    this.#background = new Background(this.#library, this.#handle, overflow);
    this.#calls = new Calls(this.#library);
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
    const { query, body, bodyText, ...others } = options;
    if (body !== undefined && bodyText !== undefined) throw invalidArgument('request: give body or bodyText, not both');
    const strings = [
      checkString('method', method),
      checkString('path', path),
      query === undefined || query === null ? null : queryText(query),
      bodyText !== undefined ? checkString('bodyText', bodyText) : body === undefined ? null : jsonText('body', body),
    ];
    const memory = new Memory(strings.reduce((sum, each) => sum + stringRoom(each), 64));
    const [m, p, q, b] = strings.map((each) => (each === null ? 0 : memory.string(each)));
    return this._call(memory, 'request', [m, p, q, b, 0], others);
  }

  /**
   * @param {number} [timeoutMs]
   * @param {{signal?: CallOptions['signal']}} [options]
   */
  async flush(timeoutMs = DEFAULT_FLUSH_TIMEOUT_MS, options) {
    checkWhole('timeoutMs', timeoutMs, 0, LONGEST_TIMER_MS);
    const { signal } = callOptions(options);
    this.#assertNotClosed();
    const withFrames = callSite();
    const end = performance.now() + timeoutMs;
    await this.#background.flush(timeoutMs, signal);
    const error = await this.#awaitRecovered(end, signal);
    if (error) throw withFrames(error);
  }

  /**
   * @param {number} [timeoutMs]
   * @param {{signal?: CallOptions['signal']}} [options]
   */
  async shutdown(timeoutMs = this.#shutdownTimeoutMs, options) {
    const withFrames = callSite();
    checkWhole('timeoutMs', timeoutMs, 0, LONGEST_TIMER_MS);
    const { signal } = callOptions(options);
    this.#assertNotClosed();
    this.#stop();
    const memory = new Memory(0);
    await this.#finish(timeoutMs, signal);
    const status = await runEnding(this.#library.shutdown, [this.#handle, 0, memory.errorSlot]);
    this.#background.drain();
    if (status !== OK) throw withFrames(this.#library.takeError(memory.error));
  }

  close() {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close() {
    this.#stop();
    await this.#finish(this.#shutdownTimeoutMs);
    // Closing takes two steps, since axonpush_close() would run completions that were not polled, and on a thread that is not
    // JavaScript's. After axonpush_shutdown() there are no new ones.
    await runEnding(this.#library.shutdown, [this.#handle, 0, 0]);
    this.#background.drain();
    this.#background.end();
    const handle = this.#handle;
    this.#handle = 0;
    await runEnding(this.#library.close, [handle]);
    pollLog(this.#library);
  }

  [Symbol.dispose]() {
    void this.close();
  }

  [Symbol.asyncDispose]() {
    return this.close();
  }

  /** @returns {import("../index.js").AxonPushStats} */
  stats() {
    this.#assertNotClosed();
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
   * Calls a function of the client whose parameters end in `(…, response, error)`, on another thread.
   * @param {Memory} memory is kept until the call has returned
   * @param {string} name of the C function
   * @param {(number | bigint)[]} parameters between the handle and the response
   * @param {CallOptions | null} [options]
   * @returns {Promise<AxonPushResponse | null>}
   */
  async _call(memory, name, parameters, options) {
    const call = this.#begin(memory, options);
    const result = this.#run(call, memory, name, [call.handle, ...parameters], (response) => this.#library.takeResponse(response));
    void result.returned.then(() => this.#library.callFree(call.handle));
    return result;
  }

  /**
   * @param {string | null} channelId null: all channels
   * @param {EventQuery} [query]
   * @param {CallOptions} [options]
   */
  async *_iterate(channelId, query, options) {
    const library = this.#library;
    const values = valuesOf(QUERY, query, 'query');
    const channel = channelId === null ? null : checkString('channelId', channelId);
    const first = new Memory(room(QUERY, values) + stringRoom(channel));
    const call = this.#begin(first, options);
    const at = channel === null ? 0 : first.string(channel);
    const status = library.iterNew(call.handle, at, first.struct(QUERY, values), first.responseSlot, first.errorSlot);
    if (status !== OK) {
      library.callFree(call.handle);
      throw library.takeError(first.error);
    }
    const iterator = first.response;
    const owner = { iterator };
    unreachable.register(owner, { library, iterator, call: call.handle }, owner);
    /** @type {Promise<unknown>} */
    let last = Promise.resolve();
    try {
      // An event is valid until the next call. Most calls return one that has been fetched already.
      const memory = new Memory(0);
      for (;;) {
        const next = this.#run(call, memory.clear(), 'events_iter_next', [owner.iterator], (event) => library.readResponse(event));
        last = next.returned;
        const event = await next;
        if (event === null) return;
        yield event.data;
      }
    } finally {
      unreachable.unregister(owner);
      // A call that was cancelled may be about to return.
      void last.then(() => {
        library.iterFree(iterator);
        library.callFree(call.handle);
      });
    }
  }

  /**
   * @param {AxonPushEvent} event
   * @param {CallOptions} [options]
   */
  _publish(event, options) {
    const values = valuesOf(EVENT, event, 'event');
    addTrace(event, values);
    const memory = new Memory(room(EVENT, values));
    return this._call(memory, 'events_publish', [memory.struct(EVENT, values)], options);
  }

  /**
   * @param {string | null | undefined} channelId undefined: all channels
   * @param {EventQuery} [query]
   * @param {CallOptions} [options]
   */
  async _list(channelId, query, options) {
    const values = valuesOf(QUERY, query, 'query');
    const channel = channelId ? checkString('channelId', channelId) : null;
    const memory = new Memory(room(QUERY, values) + stringRoom(channel));
    const filters = memory.struct(QUERY, values);
    const response = await (channelId === undefined
      ? this._call(memory, 'events_search', [filters], options)
      : this._call(memory, 'events_list', [channel === null ? 0 : memory.string(channel), filters], options));
    return response?.data.events ?? [];
  }

  /** @param {AxonPushEvent} event */
  _enqueue(event) {
    const delivery = this.#background.deliver();
    try {
      const values = valuesOf(EVENT, event, 'event');
      addTrace(event, values);
      this.#assertOpen('the client was shut down before the event');
      this.#background.enqueue(delivery, values);
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
      if (!this.#stopping && this.#background.enqueueNow(values)) return true;
    } catch {}
    this._lose();
    return false;
  }

  /** Counts an event of an integration that is lost. */
  _lose() {
    this.#lost += 1;
  }

  /** Interrupts the calls in progress, because the process exits. */
  _exit() {
    this.#library.shutdown(this.#handle, this.#shutdownTimeoutMs, 0);
  }

  // ---- Inside ----

  /**
   * Begins a call, from which moment on its deadline counts.
   * @param {Memory} memory
   * @param {CallOptions | null | undefined} options
   * @returns {CallHandle}
   */
  #begin(memory, options) {
    const { signal, timeoutMs } = callOptions(options);
    if (signal?.aborted) throw signal.reason;
    this.#assertOpen('the client was shut down before the call');
    const handle = this.#library.callNew(this.#handle, timeoutMs, memory.errorSlot);
    if (!handle) throw this.#library.takeError(memory.error);
    return { handle, deadline: timeoutMs === 0 ? undefined : performance.now() + timeoutMs, signal };
  }

  /**
   * Runs a native function on another thread. The promise is rejected when the function fails, and at once when the call is cancelled;
   * `returned` is resolved when the function has returned.
   * @template Result
   * @param {CallHandle} call
   * @param {Memory} memory is kept until the function has returned
   * @param {string} name of the C function
   * @param {(number | bigint)[]} parameters before the response
   * @param {(response: Address) => Result} read
   * @returns {Promise<Result> & {returned: Promise<void>}}
   */
  #run(call, memory, name, parameters, read) {
    const withFrames = callSite();
    const { signal } = call;
    this.#callsLeft += 1;
    busy.add(this);
    const { status, withdraw, startNow } = this.#calls.run(name, () => [...parameters, memory.responseSlot, memory.errorSlot]);
    // A call that has not started when its deadline passes returns at once, with the result that a call has after its deadline.
    const timer = call.deadline && setTimeout(startNow, call.deadline - performance.now());
    /** @type {(() => void) | undefined} */
    let ignoreSignal;
    /** @type {Promise<Result>} */
    const result = new Promise((resolve, reject) => {
      ignoreSignal = onAbort(signal, () => {
        this.#library.callCancel(call.handle);
        withdraw(closed('the call was cancelled'));
        reject(signal?.reason);
      });
      status.then(
        (number) => {
          if (number === OK) resolve(read(memory.response));
          else reject(withFrames(this.#library.takeError(memory.error)));
        },
        (error) => reject(withFrames(error)),
      ).catch(reject);
    });
    const returned = status
      .then(
        () => {},
        () => {},
      )
      .then(() => {
        clearTimeout(timer);
        ignoreSignal?.();
        this.#callsLeft -= 1;
        if (this.#callsLeft === 0) busy.delete(this);
        pollLog(this.#library);
        this.#background.changed();
      });
    return Object.assign(result, { returned });
  }

  /** Refuses new calls and events from now on. */
  #stop() {
    this.#stopping = true;
    this.#calls.stop(() => closed('the client was shut down before the call was started'));
    this.#background.stop(() => closed('the client was shut down while the event waited for room'));
  }

  /**
   * Waits for events and calls to finish.
   * @param {number} timeoutMs
   * @param {AbortSignalLike} [signal]
   */
  async #finish(timeoutMs, signal) {
    const end = performance.now() + timeoutMs;
    await this.#background.wait(() => this.#background.left === 0 && this.#callsLeft === 0, timeoutMs, signal);
    await this.#awaitRecovered(end, signal);
  }

  /**
   * Waits for the events that earlier clients left in the spool. No delivery stands for them: only the library knows what became of them.
   * It waits on a thread of the pool, for longer each time, so that a service that is silent does not hold the thread for as long.
   * @param {number} end
   * @param {AbortSignalLike} [signal]
   * @returns {Promise<AxonPushError | null>} an error if there are still some at the end
   */
  async #awaitRecovered(end, signal) {
    if (!this.#spools) return null;
    for (let wait = FIRST_WAIT_MS; ; wait *= 2) {
      const left = Math.max(0, end - performance.now());
      const memory = new Memory(0);
      const status = await runEnding(this.#library.flush, [this.#handle, Math.min(Math.ceil(left), wait), memory.errorSlot]);
      if (status === OK) return null;
      const error = this.#library.takeError(memory.error);
      if (signal?.aborted) throw signal.reason;
      if (left <= wait) return error;
    }
  }

  #assertNotClosed() {
    if (this.#closing !== undefined) throw new AxonPushError('AXONPUSH_ERR_INVALID_HANDLE', 'the client is closed');
  }

  /** @param {string} message of the error if the client was shut down */
  #assertOpen(message) {
    this.#assertNotClosed();
    if (this.#stopping) throw closed(message);
  }

  /**
   * Warns about the first refused event whose promise nobody uses, since the mistake would go unnoticed.
   * @param {Delivery} delivery
   * @param {Error} error
   */
  #warnIfUnseen(delivery, error) {
    if (this.#warned) return;
    setImmediate(() => {
      if (this.#warned || delivery._observed) return;
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

  /**
   * @param {AxonPushEvent} event
   * @param {CallOptions} [options]
   */
  async publish(event, options) {
    return this.#client._publish(event, options);
  }

  /** @param {AxonPushEvent} event */
  enqueue(event) {
    return this.#client._enqueue(event);
  }

  /**
   * @param {string | null} [channelId]
   * @param {EventQuery} [query]
   * @param {CallOptions} [options]
   */
  async list(channelId, query, options) {
    return this.#client._list(channelId ?? null, query, options);
  }

  /**
   * @param {string | null} [channelId]
   * @param {EventQuery} [query]
   * @param {CallOptions} [options]
   */
  iterate(channelId, query, options) {
    return this.#client._iterate(channelId ?? null, query, options);
  }

  /**
   * @param {EventQuery} [query]
   * @param {CallOptions} [options]
   */
  async search(query, options) {
    return this.#client._list(undefined, query, options);
  }
}
