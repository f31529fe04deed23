import { OwnThread } from './own-thread.js';

// Runs native calls that wait for the network on other threads than JavaScript's.
//
// Most of them run on libuv's pool, through koffi's asynchronous calls. The pool belongs to the whole process. It has four threads,
// unless UV_THREADPOOL_SIZE says otherwise, on which Node also reads files, resolves names and compresses. A call can take minutes
// while its service is silent, so at most half of the pool's threads run our calls at a time, and further calls wait in a queue.
//
// No client waits there for the silent service of another one: a client of which no call runs, and which gets no thread of the pool for
// a moment, gets a thread of its own, where its calls run one after the other until the pool has room. It ends when it has been idle for
// a while. As long as all services respond, the calls take turns on the pool, and no such thread is started.
//
// Rejected:
// - Threads of their own for all clients from the start: a worker thread of Node takes 30 ms and some megabytes.
// - A longer queue with fair turns: two silent services would still block all other clients for as long as their calls take.
// - Publishing through axonpush_events_publish_async(), which takes no thread: an event in the queue is retried for deliveryTimeoutMs
//   rather than maxRetries times, may be dropped to make room, and waits while other events are retried.

const POOL = Math.min(1024, Number.parseInt(process.env.UV_THREADPOOL_SIZE ?? '', 10) || 4);
export const AT_ONCE = Math.max(1, Math.floor(POOL / 2));

/** How long a client waits for a thread of the pool before it gets one of its own. */
const PATIENCE_MS = 100;

/** The number of calls that run on the pool. */
let running = 0;

/** The clients that have calls waiting. The client that the pool served last is the last one. @type {Set<Calls>} */
const queue = new Set();

/**
 * A call that has been asked for.
 * @typedef {object} Job
 * @property {string} name of the C function
 * @property {() => (number | bigint)[]} parameters is called when the call starts
 * @property {(status: number) => void} resolve
 * @property {(error: Error) => void} reject
 */

/** The calls of one client. */
export class Calls {
  #library;
  /** @type {Job[]} */
  #waiting = [];
  #running = 0;
  /** @type {OwnThread | undefined} */
  #thread;
  #canStartThreads = true;
  /** @type {NodeJS.Timeout | undefined} */
  #patience;

  /** @param {import('./library.js').Library} library */
  constructor(library) {
    this.#library = library;
  }

  /** The number of calls that run now. */
  get running() {
    return this.#running;
  }

  /**
   * Runs a native function on another thread, now or as soon as there is one.
   * @param {string} name of the C function
   * @param {() => (number | bigint)[]} parameters is called when the call starts
   * @returns {{status: Promise<number>, withdraw: (error: Error) => void, startNow: () => void}} `status` is what the function
   *   returns. The others do nothing once the call has started: `withdraw` rejects it, and `startNow` starts it beside all others, for a
   *   call whose deadline has passed and which will therefore return at once.
   */
  run(name, parameters) {
    /** @type {Job} */
    const job = { name, parameters, resolve: () => {}, reject: () => {} };
    /** @type {Promise<number>} */
    const status = new Promise((resolve, reject) => Object.assign(job, { resolve, reject }));
    const take = () => {
      const place = this.#waiting.indexOf(job);
      if (place < 0) return false;
      this.#waiting.splice(place, 1);
      if (this.#waiting.length === 0) this.#nothingWaits();
      return true;
    };
    this.#waiting.push(job);
    queue.add(this);
    servePool();
    this.#serveOwnThread();
    return {
      status,
      withdraw: (error) => {
        if (take()) job.reject(error);
      },
      startNow: () => {
        if (take()) void this.#start(job, (...parameters) => inPool(this.#native(name), parameters));
      },
    };
  }

  /**
   * Rejects the calls that have not started yet, and lets the client's own thread go.
   * @param {() => Error} error
   */
  stop(error) {
    for (const job of this.#waiting.splice(0)) job.reject(error());
    this.#nothingWaits();
    this.#canStartThreads = false;
    if (this.#thread?.isIdle) this.#thread.stop();
  }

  /** Starts the call that has waited longest on the pool, which has room. */
  _serveFromPool() {
    const job = /** @type {Job} */ (this.#waiting.shift());
    queue.delete(this);
    if (this.#waiting.length > 0) queue.add(this);
    else this.#nothingWaits();
    running += 1;
    void this.#start(job, (...parameters) => inPool(this.#native(job.name), parameters)).then(() => {
      running -= 1;
      servePool();
    });
  }

  #serveOwnThread() {
    if (this.#waiting.length === 0) return;
    if (this.#thread?.isIdle) {
      this.#startOnOwnThread(this.#thread);
    } else if (this.#running === 0 && this.#patience === undefined && this.#canStartThreads) {
      this.#patience = setTimeout(() => {
        this.#patience = undefined;
        if (this.#waiting.length === 0 || this.#running > 0) return;
        try {
          if (this.#thread === undefined || this.#thread.hasEnded) this.#thread = new OwnThread(this.#library.path);
        } catch {
          // The application may not start worker threads. Then the pool has to do.
          this.#canStartThreads = false;
          return;
        }
        this.#startOnOwnThread(this.#thread);
      }, PATIENCE_MS);
    }
  }

  /** @param {OwnThread} thread */
  #startOnOwnThread(thread) {
    const job = /** @type {Job} */ (this.#waiting.shift());
    if (this.#waiting.length === 0) this.#nothingWaits();
    /** @param {(number | bigint)[]} parameters */
    const run = async (...parameters) => {
      try {
        return await thread.run(job.name, parameters);
      } catch (cause) {
        // The thread could not be started, so the pool has to do.
        this.#canStartThreads = false;
        if (!thread.neverStarted) throw cause;
        return inPool(this.#native(job.name), parameters);
      }
    };
    void this.#start(job, run).then(() => {
      if (!this.#canStartThreads && thread.isIdle) thread.stop();
      else this.#serveOwnThread();
    });
  }

  /**
   * @param {Job} job
   * @param {(...parameters: (number | bigint)[]) => Promise<number>} run
   */
  async #start(job, run) {
    this.#running += 1;
    try {
      job.resolve(await run(...job.parameters()));
    } catch (cause) {
      job.reject(/** @type {Error} */ (cause));
    }
    this.#running -= 1;
  }

  #nothingWaits() {
    queue.delete(this);
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  /** @param {string} name */
  #native(name) {
    return /** @type {import('./library.js').NativeFunction} */ (this.#library.waiting.get(name));
  }
}

/** Starts as many calls on the pool as there is room for: of the client that runs the fewest, which of those has waited longest. */
function servePool() {
  while (running < AT_ONCE && queue.size > 0) {
    const [first, ...others] = queue;
    others.reduce((least, calls) => (calls.running < least.running ? calls : least), first)._serveFromPool();
  }
}

/** The number of calls that end clients and run on the pool, and those that wait for that. */
let endings = 0;
/** @type {(() => void)[]} */
const waitingEndings = [];

/**
 * Runs a native call that ends a client on the pool. Such calls are short, but any number of clients may be closed at once, and koffi
 * accepts 256 calls at a time.
 * @param {import('./library.js').NativeFunction} native
 * @param {(number | bigint)[]} parameters
 * @returns {Promise<any>}
 */
export async function runEnding(native, parameters) {
  if (endings < AT_ONCE) endings += 1;
  else await new Promise((resolve) => waitingEndings.push(() => resolve(undefined)));
  try {
    return await inPool(native, parameters);
  } finally {
    const next = waitingEndings.shift();
    if (next) next();
    else endings -= 1;
  }
}

/**
 * Calls a native function on a thread of libuv's pool.
 * @param {import('./library.js').NativeFunction} native
 * @param {(number | bigint)[]} parameters
 * @returns {Promise<any>}
 */
function inPool(native, parameters) {
  return new Promise((resolve, reject) => {
    native.async(...parameters, (/** @type {Error | null} */ error, /** @type {unknown} */ result) =>
      error ? reject(error) : resolve(result),
    );
  });
}
