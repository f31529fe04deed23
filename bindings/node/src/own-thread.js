import { Worker } from 'node:worker_threads';

/** How long a thread that has nothing to do is kept. */
const IDLE_MS = 10_000;
/** It runs almost no JavaScript. */
const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };

/** A thread for native calls beside those of libuv's pool: a worker thread of Node that does nothing else. */
export class OwnThread {
  #worker;
  #isReady = false;
  #hasEnded = false;
  /** The call that it makes. @type {{resolve: (status: number) => void, reject: (error: Error) => void} | undefined} */
  #call;
  /** @type {NodeJS.Timeout | undefined} */
  #idle;

  /** @param {string} library the path of the library */
  constructor(library) {
    // The application's preloaded modules and options are for its own threads.
    this.#worker = new Worker(new URL('thread.js', import.meta.url), { workerData: library, execArgv: [], env: {}, resourceLimits: LIMITS });
    this.#worker.on('message', (message) => {
      if (message === 'ready') this.#isReady = true;
      else this.#finish((call) => call.resolve(message));
    });
    this.#worker.on('error', (cause) => this.#end(cause));
    this.#worker.on('exit', () => this.#end(new Error('the thread ended')));
    this.#rest();
  }

  get hasEnded() {
    return this.#hasEnded;
  }

  get isIdle() {
    return this.#call === undefined && !this.#hasEnded;
  }

  /** The thread could not be started, so the call that failed was not made. */
  get neverStarted() {
    return !this.#isReady;
  }

  /**
   * Makes a call and returns its status.
   * @param {string} name
   * @param {(number | bigint)[]} parameters
   * @returns {Promise<number>}
   */
  run(name, parameters) {
    clearTimeout(this.#idle);
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#call = { resolve, reject };
      this.#worker.postMessage({ name, parameters });
    });
  }

  stop() {
    this.#hasEnded = true;
    clearTimeout(this.#idle);
    void this.#worker.terminate();
  }

  /** @param {(call: {resolve: (status: number) => void, reject: (error: Error) => void}) => void} settle */
  #finish(settle) {
    const call = this.#call;
    this.#call = undefined;
    if (!this.#hasEnded) this.#rest();
    if (call) settle(call);
  }

  /** @param {Error} cause */
  #end(cause) {
    this.#hasEnded = true;
    clearTimeout(this.#idle);
    this.#finish((call) => call.reject(cause));
  }

  /** It does not keep the process alive, and ends after a while. */
  #rest() {
    this.#worker.unref();
    this.#idle = setTimeout(() => this.stop(), IDLE_MS);
    this.#idle.unref();
  }
}
