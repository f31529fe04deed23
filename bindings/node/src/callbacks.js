import { Observer, plain } from './observer.js';
import { Trace } from './trace.js';

/** @import { AxonPushEvent, CallbackOptions } from '../index.js' */

// What people, models and tools say is published under these names and no others: `input`, `output`, `message` and `tool_result`.
// Every release of the library counts them as content, so that by default (`metadata_only`) their values are replaced before they
// leave the process, whatever is nested in them. An error's text is content, too, since errors quote prompts and responses.
// test/redaction.test.js looks for a planted word at the service.

/** About how many characters of a value are published, before the client's own maxContentLength. */
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
      return event && (event.traceId ? event : { ...event, traceId: this.traceId() });
    });
  }
}

/**
 * Reduces a value to what JSON can represent, and to about LONGEST characters of it: long strings are truncated, and members for which
 * there is no room are left out. It stays a structure, in which redaction finds secrets by their names. In the beginning of its JSON
 * text it would find none.
 * @param {unknown} value
 */
export function shortened(value) {
  let room = LONGEST;
  /** @param {any} part @returns {any} */
  const shorten = (part) => {
    if (typeof part === 'string') {
      const kept = part.slice(0, room);
      room -= kept.length;
      return kept.length < part.length ? `${kept}…` : kept;
    }
    if (typeof part !== 'object' || part === null) return part;
    const kept = [];
    for (const [name, member] of Object.entries(part)) {
      if (room <= 0) break;
      room -= name.length;
      kept.push([name, shorten(member)]);
    }
    return Array.isArray(part) ? kept.map(([, member]) => member) : Object.fromEntries(kept);
  };
  return shorten(plain(value));
}

/**
 * The value of a JSON text, in which redaction finds secrets by their names, or the string itself if it is not JSON.
 * @param {string} string
 */
export function parsed(string) {
  try {
    return JSON.parse(string);
  } catch {
    return string;
  }
}

/** @param {unknown} error */
export function errorOf(error) {
  if (!(error instanceof Error)) return { error_type: typeof error, message: shortened(error) };
  return { error_type: error.constructor.name, message: shortened(error.message) };
}
