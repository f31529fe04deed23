import { AxonPush } from './client.js';

/** @import { AxonPushEvent } from '../index.js' */

/**
 * The common part of log sinks and framework callbacks, which must never break the application. Every error is suppressed, in
 * strict mode too, and counted: in `lost` if an event could not be enqueued, and afterwards in `failed`, `expired` and the other
 * counters of client.stats().
 */
export class Observer {
  #client;
  #members;
  /** The number of events that could not be enqueued. */
  lost = 0;

  /**
   * @param {AxonPush} client
   * @param {Partial<AxonPushEvent>} members that events have unless they have their own
   */
  constructor(client, members) {
    if (!(client instanceof AxonPush)) throw new TypeError('expected an AxonPush client');
    this.#client = client;
    this.#members = members;
  }

  /** @param {() => AxonPushEvent | null} make returns the event, or null for none. What it throws is suppressed, too. */
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
 * Reduces any value to what JSON can represent. It stays a structure where it is one, in which redaction finds secrets by their names.
 * @param {unknown} value
 */
export function plain(value) {
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return `[Function: ${value.name}]`;
  if (typeof value !== 'object' || value === null) return value;
  /** The objects that contain the present member, outermost first. @type {unknown[]} */
  const containers = [];
  try {
    return JSON.parse(
      JSON.stringify(value, /** @this {unknown} */ function (_name, member) {
        if (typeof member === 'bigint') return String(member);
        if (typeof member !== 'object' || member === null) return member;
        while (containers.length > 0 && containers.at(-1) !== this) containers.pop();
        if (containers.includes(member)) return '[Circular]';
        containers.push(member);
        return member;
      }),
    );
  } catch {
    return '[not representable as JSON]';
  }
}
