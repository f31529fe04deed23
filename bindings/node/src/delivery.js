import { Failure } from './error.js';

/** @import { Background } from './background.js' */
/** @import { AxonPushResponse } from './response.js' */

/**
 * A promise whose actual promise is created when it is first used. As long as nobody uses it, it costs little, and its rejection is not
 * an unhandled one.
 * @template Result
 * @implements {Promise<Result>}
 */
class LazyPromise {
  /** @type {'pending' | 'fulfilled' | 'rejected'} */
  #state = 'pending';
  /** @type {any} */
  #result;
  /** @type {Promise<Result> | undefined} */
  #promise;
  /** @type {(() => void) | undefined} */
  #wake;

  get [Symbol.toStringTag]() {
    return 'Promise';
  }

  get _state() {
    return this.#state;
  }

  get _result() {
    return this.#result;
  }

  get _isUsed() {
    return this.#promise !== undefined;
  }

  /** @param {any} result */
  fulfil(result) {
    this.#settle('fulfilled', result);
  }

  /** @param {Error | Failure} error */
  reject(error) {
    this.#settle('rejected', error);
  }

  /**
   * @param {'fulfilled' | 'rejected'} state
   * @param {any} result
   */
  #settle(state, result) {
    if (this.#state !== 'pending') return;
    this.#state = state;
    this.#result = result;
    if (this.#wake === undefined) return;
    this.#wake();
    this._used(-1);
  }

  #actual() {
    if (this.#promise === undefined) {
      /** @type {Promise<void>} */
      const settled = new Promise((resolve) => (this.#state === 'pending' ? (this.#wake = resolve) : resolve()));
      // The error is created here, in a reaction that leads to whoever awaits this promise: that is how V8 finds their frames.
      this.#promise = settled.then(() => {
        if (this.#state === 'fulfilled') return this.#result;
        throw this.#result instanceof Failure ? this.#result.toError() : this.#result;
      });
      if (this.#wake !== undefined) this._used(1);
    }
    return this.#promise;
  }

  /**
   * Is called with 1 when somebody begins to wait, and with -1 when the wait is over.
   * @param {1 | -1} _change
   */
  _used(_change) {}

  /**
   * @param {any} [fulfilled]
   * @param {any} [rejected]
   * @returns {Promise<any>}
   */
  then(fulfilled, rejected) {
    return this.#actual().then(fulfilled, rejected);
  }

  /**
   * @param {any} [rejected]
   * @returns {Promise<any>}
   */
  catch(rejected) {
    return this.#actual().catch(rejected);
  }

  /**
   * @param {any} [settled]
   * @returns {Promise<any>}
   */
  finally(settled) {
    return this.#actual().finally(settled);
  }

  /**
   * What console.log() shows: the state and the result, and no more.
   * @param {number} _depth
   * @param {any} options
   * @param {(value: unknown, options: any) => string} inspect
   */
  [Symbol.for('nodejs.util.inspect.custom')](_depth, options, inspect) {
    const name = this.constructor.name;
    if (this.#state === 'pending') return `${name} { <pending> }`;
    if (this.#state === 'fulfilled') return `${name} { ${inspect(this.#result, options)} }`;
    const [status, message] = this.#result instanceof Failure ? this.#result.members : [this.#result.status, this.#result.message];
    return `${name} { <rejected> ${status}: ${message} }`;
  }
}

/**
 * The promise of the service's response to an enqueued event. See index.d.ts.
 * @extends {LazyPromise<AxonPushResponse | null>}
 */
export class Delivery extends LazyPromise {
  #background;
  #number;
  #queued = false;
  /** @type {LazyPromise<void> | undefined} */
  #accepted;

  /**
   * @param {number} number ascending in the order of enqueue()
   * @param {Background} background is notified when somebody begins to wait and when the wait is over
   */
  constructor(number, background) {
    super();
    this.#number = number;
    this.#background = background;
  }

  get [Symbol.toStringTag]() {
    return 'Delivery';
  }

  get _number() {
    return this.#number;
  }

  /** Whether somebody waits for the result or for the event's acceptance. */
  get _observed() {
    return this._isUsed || this.#accepted?._isUsed === true;
  }

  get accepted() {
    if (this.#accepted === undefined) {
      this.#accepted = new LazyPromise();
      if (this.#queued) this.#accepted.fulfil(undefined);
      else if (this._state === 'rejected') this.#accepted.reject(this._result);
    }
    return this.#accepted;
  }

  /** The event is in the library's queue. */
  _markAccepted() {
    this.#queued = true;
    this.#accepted?.fulfil(undefined);
  }

  /** @param {Error | Failure} error */
  reject(error) {
    super.reject(error);
    if (!this.#queued) this.#accepted?.reject(error);
  }

  /**
   * The library has completed the event.
   * @param {AxonPushResponse | Failure | null} result
   */
  _complete(result) {
    this.#background._completed(this, result);
  }

  /** @param {1 | -1} change */
  _used(change) {
    this.#background._awaited(change);
  }
}
