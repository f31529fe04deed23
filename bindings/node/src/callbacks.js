import { Observer, plain } from './observer.js';
import { Trace } from './trace.js';

/** @import { AxonPushEvent, CallbackOptions } from '../index.js' */

const LONGEST = 2000;

/** What the callbacks of frameworks have in common: an observer, and the trace that their events are in. */
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
   * The trace that was chosen, else the one that is current, else the framework's or one of this object's own.
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
 * A value as JSON has it; if that is long, the beginning of its text.
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
