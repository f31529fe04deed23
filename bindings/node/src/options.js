import { invalidArgument } from './error.js';
import { checkString, checkWhole } from './layout.js';
import { BINDING_VERSION } from './library.js';

/** @import { AbortSignalLike, AxonPushOptions, CallOptions } from '../index.js' */

const POLLED = 1;

/** @type {Record<string, Record<string, number>>} */
export const ENUMERATORS = {
  overflow: { drop_oldest: 0, drop_newest: 1, block: 2 },
  httpVersion: { auto: 0, '1.1': 1, '2': 2 },
  spoolSync: { interval: 0, none: 1, each: 2 },
  exporter: { events: 0, otlp: 1 },
  contentCapture: { metadata_only: 1, redacted: 2, full: 3 },
};

/**
 * Converts the options of a client to what the library takes.
 * @param {AxonPushOptions} options
 */
export function nativeOptions(options) {
  /** @type {Record<string, unknown>} */
  const native = { ...options };
  for (const [name, values] of Object.entries(ENUMERATORS)) {
    const value = native[name];
    if (value === undefined || value === null) continue;
    const number = typeof value === 'string' && Object.hasOwn(values, value) ? values[value] : undefined;
    if (number === undefined) {
      // Quoted, since '2' is a version and 2 is not.
      const words = Object.keys(values).sort((a, b) => values[a] - values[b]);
      const got = typeof value === 'string' ? `'${value}'` : String(value);
      throw invalidArgument(`${name}: expected one of ${words.map((word) => `'${word}'`).join(', ')}, got ${got}`);
    }
    native[name] = number;
  }
  // The event loop must not wait, so this binding itself keeps the events for which there is no room, see background.js.
  if (options.overflow === 'block') native.overflow = ENUMERATORS.overflow.drop_newest;
  for (const name of ['failOpen', 'otlpGzip']) {
    if (native[name] === undefined || native[name] === null) continue;
    if (typeof native[name] !== 'boolean') throw invalidArgument(`${name}: expected true or false`);
    native[name] = native[name] ? 1 : 2;
  }
  // In C, 0 means the default. Here, undefined means the default, and 0 means none.
  if (native.maxRetries === 0) native.maxRetries = -1;
  if ('completionMode' in native) throw invalidArgument('options.completionMode: there is no such member');
  native.completionMode = POLLED;
  const product = `axonpush-node/${BINDING_VERSION}`;
  native.userAgent = native.userAgent ? `${native.userAgent} ${product}` : product;
  return native;
}

/**
 * Checks the options of one call.
 * @param {CallOptions | null | undefined} options
 * @returns {{signal: AbortSignalLike | undefined, timeoutMs: number}} timeoutMs 0: no deadline
 */
export function callOptions(options) {
  if (options === undefined || options === null) return { signal: undefined, timeoutMs: 0 };
  if (typeof options !== 'object') throw invalidArgument(`options: expected an object, got ${typeof options}`);
  const { signal, timeoutMs, ...unknown } = options;
  for (const name in unknown) throw invalidArgument(`options.${name}: there is no such option`);
  if (signal !== undefined && signal !== null && typeof signal.addEventListener !== 'function') {
    throw invalidArgument('signal: expected an AbortSignal');
  }
  if (timeoutMs === undefined || timeoutMs === null) return { signal: signal ?? undefined, timeoutMs: 0 };
  checkWhole('timeoutMs', timeoutMs, 1, 2 ** 31 - 1);
  return { signal: signal ?? undefined, timeoutMs };
}

/** @param {string | Iterable<readonly [string, string]> | Record<string, string | number | boolean | null | undefined>} query */
export function queryText(query) {
  if (typeof query === 'string') return checkString('query', query);
  if (typeof query !== 'object') throw invalidArgument(`query: expected a string, an object or pairs, got ${typeof query}`);
  const parameters = new URLSearchParams();
  for (const [name, value] of Symbol.iterator in query ? query : Object.entries(query)) {
    if (value !== undefined && value !== null) parameters.append(name, String(value));
  }
  return parameters.toString();
}
