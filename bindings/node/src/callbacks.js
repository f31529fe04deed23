import { Observer, plain } from './observer.js';
import { Trace } from './trace.js';

/** @import { AxonPushEvent, CallbackOptions } from '../index.js' */

const LONGEST = 2000;

/** The common part of framework callbacks: an observer, and the trace that their events belong to. */
export class Callbacks {
  #observer;
  #traceId;
  /** @type {Trace | undefined} */
  #own;

  /**
   * @param {import('./client.js').AxonPush} client
   * @param {CallbackOptions} options
   * @param {string | null} agentId
   */
  constructor(client, options, agentId) {
    this.#observer = new Observer(client, { channelId: options.channelId, agentId: options.agentId ?? agentId });
    this.#traceId = options.traceId;
  }

  get lost() {
    return this.#observer.lost;
  }

  /**
   * Returns the id of the trace that the options name, else of the current one, else the framework's, else that of this object.
   * @param {string} [ofFramework]
   */
  traceId(ofFramework) {
    return this.#traceId ?? Trace.current()?.traceId ?? ofFramework ?? (this.#own ??= new Trace()).traceId;
  }

  /** @param {() => AxonPushEvent | null} make */
  publish(make) {
    this.#observer.publish(() => {
      const event = make();
      return event && { traceId: this.traceId(), ...event };
    });
  }
}

/**
 * Reduces a value to what JSON can represent. If its JSON is long, the beginning of the JSON text is returned.
 * @param {unknown} value
 */
export function shortened(value) {
  const json = JSON.stringify(plain(value)) ?? 'null';
  return json.length <= LONGEST ? JSON.parse(json) : json.slice(0, LONGEST);
}

/**
 * @param {unknown} value
 * @param {number} length
 */
export function preview(value, length) {
  return (typeof value === 'string' ? value : (JSON.stringify(plain(value)) ?? String(value))).slice(0, length);
}

/**
 * @param {unknown} error
 */
export function errorOf(error) {
  if (!(error instanceof Error)) return { error: preview(error, LONGEST), error_type: typeof error };
  return { error: error.message, error_type: error.constructor.name };
}
