/**
 * The promise of the service's response to an enqueued event. See index.d.ts.
 *
 * The actual promise is created when it is first used. An event that nobody awaits therefore costs no promise, its failure is not
 * an unhandled rejection, and the client knows which events have to keep the process alive.
 * @implements {Promise<import('./response.js').AxonPushResponse | null>}
 */
export class Delivery {
  /** @type {'pending' | 'fulfilled' | 'rejected'} */
  #state = 'pending';
  /** @type {any} */
  #result;
  /** @type {Promise<any> | undefined} */
  #promise;
  /** @type {(() => void) | undefined} */
  #settlePromise;
  #queued = false;
  /** @type {Promise<void> | undefined} */
  #accepted;
  /** @type {(() => void) | undefined} */
  #settleAccepted;

  /**
   * @param {number} number ascending in the order of enqueue()
   * @param {import('./client.js').AxonPush} client is notified when somebody begins and when nobody continues to wait
   */
  constructor(number, client) {
    this.number = number;
    this.client = client;
  }

  get [Symbol.toStringTag]() {
    return 'Delivery';
  }

  get observed() {
    return this.#promise !== undefined || this.#accepted !== undefined;
  }

  get accepted() {
    if (this.#accepted === undefined) {
      this.#accepted = new Promise((resolve, reject) => {
        this.#settleAccepted = () => (this.#queued ? resolve() : reject(this.#result));
      });
      if (this.#queued || this.#state !== 'pending') this.#settleAccepted?.();
    }
    return this.#accepted;
  }

  /** The event is in the library's queue. */
  markAccepted() {
    this.#queued = true;
    this.#settleAccepted?.();
  }

  /** @param {any} response */
  fulfil(response) {
    this.#settle('fulfilled', response);
  }

  /** @param {Error} error */
  reject(error) {
    this.#settle('rejected', error);
    if (!this.#queued) this.#settleAccepted?.();
  }

  /**
   * @param {'fulfilled' | 'rejected'} state
   * @param {any} result
   */
  #settle(state, result) {
    this.#state = state;
    this.#result = result;
    if (this.#settlePromise === undefined) return;
    this.#settlePromise();
    this.#settlePromise = undefined;
    this.client._awaited(-1);
  }

  #actual() {
    if (this.#promise === undefined) {
      this.#promise = new Promise((resolve, reject) => {
        this.#settlePromise = () => (this.#state === 'fulfilled' ? resolve(this.#result) : reject(this.#result));
      });
      if (this.#state === 'pending') {
        this.client._awaited(1);
      } else {
        this.#settlePromise?.();
        this.#settlePromise = undefined;
      }
    }
    return this.#promise;
  }

  /**
   * @param {any} [fulfilled]
   * @param {any} [rejected]
   */
  then(fulfilled, rejected) {
    return this.#actual().then(fulfilled, rejected);
  }

  /** @param {any} [rejected] */
  catch(rejected) {
    return this.#actual().catch(rejected);
  }

  /** @param {any} [settled] */
  finally(settled) {
    return this.#actual().finally(settled);
  }
}
