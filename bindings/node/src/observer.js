import { inspect } from 'node:util';

import { AxonPush } from './client.js';

/** @import { AxonPushEvent } from '../index.js' */

/**
 * What log sinks and callbacks of frameworks have in common: they must never break their host. Every error is suppressed, in
 * strict mode too, and counted: here where an event could not be handed over, in `failed`, `expired` and the like of
 * client.stats() afterwards.
 */
export class Observer {
  #client;
  #members;
  /** Events that could not be handed over. */
  lost = 0;

  /**
   * @param {AxonPush} client
   * @param {Partial<AxonPushEvent>} members that all events have, unless they say otherwise
   */
  constructor(client, members) {
    if (!(client instanceof AxonPush)) throw new TypeError('expected an AxonPush client');
    this.#client = client;
    this.#members = members;
  }

  /** @param {() => AxonPushEvent | null} make what it throws is suppressed, too; null: there is nothing to say */
  publish(make) {
    let taken = false;
    try {
      const event = make();
      if (event === null) return;
      taken = this.#client._observe({ ...this.#members, ...event });
    } catch {
      this.#client._lose();
    }
    if (!taken) this.lost += 1;
  }
}

/**
 * A value as JSON has it, whatever it is: what JSON cannot write becomes text.
 * @param {unknown} value
 */
export function plain(value) {
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return `[Function: ${value.name}]`;
  if (typeof value !== 'object' || value === null) return value;
  try {
    return JSON.parse(JSON.stringify(value));
  } catch {
    return inspect(value, { depth: 3, breakLength: Infinity });
  }
}
