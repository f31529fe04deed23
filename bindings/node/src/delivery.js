/**
 * What becomes of an event that was enqueued: a promise of the answer. See index.d.ts.
 *
 * The real promise is made when somebody asks for it. So an event that is fired and forgotten costs none, and its failure is
 * no unhandled rejection; and the client knows for whom the process has to stay alive.
 * @implements {Promise<import('./response.js').AxonPushResponse | null>}
 */
export class Delivery {
  /** @type {'pending' | 'fulfilled' | 'rejected'} */
  #state = 'pending';
  /** @type {any} */
  #outcome;
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
   * @param {number} number counts up in the order of enqueue()
   * @param {import('./client.js').AxonPush} client told when somebody begins and ceases to wait
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
        this.#settleAccepted = () => (this.#queued ? resolve() : reject(this.#outcome));
      });
      if (this.#queued || this.#state !== 'pending') this.#settleAccepted?.();
    }
    return this.#accepted;
  }

  /** The library's queue has it. */
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
   * @param {any} outcome
   */
  #settle(state, outcome) {
    this.#state = state;
    this.#outcome = outcome;
    if (this.#settlePromise === undefined) return;
    this.#settlePromise();
    this.#settlePromise = undefined;
    this.client._awaited(-1);
  }

  #real() {
    if (this.#promise === undefined) {
      this.#promise = new Promise((resolve, reject) => {
        this.#settlePromise = () => (this.#state === 'fulfilled' ? resolve(this.#outcome) : reject(this.#outcome));
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
    return this.#real().then(fulfilled, rejected);
  }

  /** @param {any} [rejected] */
  catch(rejected) {
    return this.#real().catch(rejected);
  }

  /** @param {any} [ended] */
  finally(ended) {
    return this.#real().finally(ended);
  }
}
