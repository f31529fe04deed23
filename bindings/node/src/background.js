import { Delivery } from './delivery.js';
import { AxonPushError, callSite, Failure } from './error.js';
import { EVENT } from './layout.js';
import { pollLog } from './log.js';
import { room, shortLived } from './memory.js';
import { onAbort } from './signals.js';

/** @import { Address, Library } from './library.js' */
/** @import { Values } from './memory.js' */
/** @import { AxonPushResponse } from './response.js' */
/** @import { AbortSignalLike } from '../index.js' */

export const OK = 0;
export const QUEUE_FULL = 13;

/** The shortest and the longest time between two looks for the results of background events. */
const SHORTEST_POLL_MS = 1;
const LONGEST_POLL_MS = 50;

/** How often a service that was unreachable is tried while somebody waits for delivery, as in the library's own waits. */
const RETRY_MS = 250;

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
      delivery._complete(status === OK ? library.readResponse(response) : library.readFailure(error));
    });
    completions.set(library, address);
  }
  return address;
}

/** The background events of one client: those in the library's queue, and those that wait for room there. */
export class Background {
  #library;
  #handle;
  #blocks;
  #blockTimeoutMs;
  /** The number of events in the library's queue. */
  #queued = 0;
  /** The number of reasons to keep the process alive: deliveries and waits that somebody awaits, and events that wait for room. */
  #reasonsToLive = 0;
  /** Looks for results next, see #schedulePoll. */
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #timerMs = 0;
  /** When a result last arrived, or somebody last began to wait for one. */
  #lastProgress = 0;
  /** The events that wait for room in the queue (overflow "block"), in order. */
  /** @type {{delivery: Delivery, values: Values, since: number}[]} */
  #waitingForRoom = [];
  /** Ends the wait of the first of them. */
  /** @type {NodeJS.Timeout | undefined} */
  #roomTimer;
  /** Flushes in progress: the last event that each waits for, and how many are left. */
  /** @type {Set<{last: number, left: number}>} */
  #flushes = new Set();
  /** Are called when an event has been delivered or given up. */
  /** @type {Set<() => void>} */
  #waits = new Set();

  /**
   * @param {Library} library
   * @param {Address} handle the client's
   * @param {{blocks: boolean, blockTimeoutMs: number}} overflow whether events wait for room, and how long; 0: for ever
   */
  constructor(library, handle, { blocks, blockTimeoutMs }) {
    this.#library = library;
    this.#handle = handle;
    this.#blocks = blocks;
    this.#blockTimeoutMs = blockTimeoutMs;
  }

  /** The number of events that are neither delivered nor given up. */
  get left() {
    return this.#queued + this.#waitingForRoom.length;
  }

  /** A delivery for an event that is about to be enqueued. */
  deliver() {
    return new Delivery(++lastNumber, this);
  }

  /**
   * Enqueues an event, or has it wait for room. Throws if it is refused.
   * @param {Delivery} delivery
   * @param {Values} values
   */
  enqueue(delivery, values) {
    if (this.#waitingForRoom.length === 0 && this.#push(delivery, values)) return;
    this.#waitingForRoom.push({ delivery, values, since: performance.now() });
    if (this.#waitingForRoom.length > 1) return;
    this.#keepAlive(1);
    this.#scheduleRefusal();
  }

  /**
   * Enqueues an event only if there is room, and returns whether there is. Throws if it is refused.
   * @param {Values} values
   */
  enqueueNow(values) {
    return this.#waitingForRoom.length === 0 && this.#push(this.deliver(), values);
  }

  /**
   * Waits until all events so far are delivered or given up. Rejected when the time is over or the wait is cancelled.
   * @param {number} timeoutMs
   * @param {AbortSignalLike} [signal]
   */
  async flush(timeoutMs, signal) {
    const withFrames = callSite();
    const flush = { last: lastNumber, left: this.left };
    this.#flushes.add(flush);
    try {
      if (await this.wait(() => flush.left === 0, timeoutMs, signal)) return;
      const message = `flush: ${flush.left} events were still not delivered when the time was over`;
      throw withFrames(new AxonPushError('AXONPUSH_ERR_TIMEOUT', message));
    } finally {
      this.#flushes.delete(flush);
    }
  }

  /**
   * Waits until a condition holds, for which it looks whenever an event ends and when {@link changed} is called. Meanwhile events that
   * wait because the service could not be reached are tried again every now and then.
   *
   * Rejected: axonpush_flush() and axonpush_shutdown() on a thread of the pool. They would hold it for as long as a service is silent.
   * @param {() => boolean} isOver
   * @param {number} timeoutMs
   * @param {AbortSignalLike} [signal]
   * @returns {Promise<boolean>} false: the time is over
   */
  async wait(isOver, timeoutMs, signal) {
    if (signal?.aborted) throw signal.reason;
    this.#retry();
    this.drain();
    if (isOver()) return true;
    /** @type {(() => void) | undefined} */
    let look;
    /** @type {(() => void) | undefined} */
    let ignoreSignal;
    /** @type {NodeJS.Timeout[]} */
    const timers = [];
    this.#keepAlive(1);
    try {
      return await new Promise((resolve, reject) => {
        look = () => isOver() && resolve(true);
        const timeIsOver = () => {
          this.drain(); // The thread may have been too busy to notice what was delivered in time.
          resolve(isOver());
        };
        this.#waits.add(look);
        ignoreSignal = onAbort(signal, () => reject(signal?.reason));
        timers.push(setInterval(() => this.#retry(), RETRY_MS), setTimeout(timeIsOver, timeoutMs));
      });
    } finally {
      this.#keepAlive(-1);
      timers.forEach(clearTimeout);
      this.#waits.delete(/** @type {() => void} */ (look));
      ignoreSignal?.();
    }
  }

  /** Has the waits look whether they are over. */
  changed() {
    for (const look of this.#waits) look();
  }

  /** Settles the events whose results have arrived. */
  drain() {
    pollLog(this.#library);
    if (this.#queued === 0) return;
    if (this.#library.poll(this.#handle, 0) > 0) this.#lastProgress = performance.now();
    this.#fillQueue();
  }

  /**
   * Refuses the events that wait for room.
   * @param {() => AxonPushError} error
   */
  stop(error) {
    const waiting = this.#waitingForRoom.splice(0);
    if (waiting.length === 0) return;
    clearTimeout(this.#roomTimer);
    this.#keepAlive(-1);
    for (const { delivery } of waiting) this.#settle(delivery, error());
  }

  /** No event is left, and none will come. */
  end() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  // ---- For deliveries ----

  /**
   * Settles the delivery of an event that the library has completed.
   * @param {Delivery} delivery
   * @param {AxonPushResponse | Failure | null} result
   */
  _completed(delivery, result) {
    this.#queued -= 1;
    this.#settle(delivery, result);
  }

  /**
   * Counts those who wait for a delivery: 1 when somebody begins, -1 when the delivery is settled.
   * @param {1 | -1} change
   */
  _awaited(change) {
    this.#keepAlive(change);
  }

  // ---- Inside ----

  /**
   * Passes an event to the library. False means that there is no room, and that the event has to wait.
   * @param {Delivery} delivery
   * @param {Values} values
   */
  #push(delivery, values) {
    const memory = shortLived(room(EVENT, values));
    const struct = memory.struct(EVENT, values);
    const number = delivery._number;
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
      delivery._markAccepted();
      if (this.#timer === undefined) this.#schedulePoll();
      return true;
    }
    pending.delete(number);
    const error = this.#library.takeError(memory.error);
    // An event that does not fit into an empty queue never will.
    if (status === QUEUE_FULL && this.#blocks && this.#queued > 0) return false;
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
    if (moved > 0) this.#leaveRoom(moved);
  }

  /**
   * The first events that waited for room do so no longer.
   * @param {number} count
   */
  #leaveRoom(count) {
    this.#waitingForRoom.splice(0, count);
    clearTimeout(this.#roomTimer);
    if (this.#waitingForRoom.length === 0) this.#keepAlive(-1);
    else this.#scheduleRefusal();
  }

  /** Refuses the first event that waits for room once it has waited too long. */
  #scheduleRefusal() {
    if (this.#blockTimeoutMs === 0) return;
    const deadline = this.#waitingForRoom[0].since + this.#blockTimeoutMs;
    this.#roomTimer = setTimeout(() => {
      this.drain();
      const now = performance.now();
      const tooLong = this.#waitingForRoom.filter(({ since }) => since + this.#blockTimeoutMs <= now);
      if (tooLong.length > 0) this.#leaveRoom(tooLong.length);
      else if (this.#waitingForRoom.length > 0) this.#scheduleRefusal();
      const message = `the queue was full for ${this.#blockTimeoutMs} ms (blockTimeoutMs), so that there was no room for the event`;
      for (const { delivery } of tooLong) this.#settle(delivery, new AxonPushError('AXONPUSH_ERR_QUEUE_FULL', message));
    }, Math.max(0, deadline - performance.now()));
  }

  /**
   * @param {Delivery} delivery
   * @param {AxonPushResponse | Failure | Error | null} result
   */
  #settle(delivery, result) {
    if (result instanceof Failure || result instanceof Error) delivery.reject(result);
    else delivery.fulfil(result);
    for (const flush of this.#flushes) if (delivery._number <= flush.last) flush.left -= 1;
    this.changed();
  }

  /** Has the library try now what waits because the service could not be reached. With a timeout of 0 it does not wait. */
  #retry() {
    const memory = shortLived(0);
    if (this.#library.flush(this.#handle, 0, memory.errorSlot) !== OK) this.#library.freeError(memory.error);
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
      this.drain();
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
}
