import { invalidArgument } from './error.js';
import { EVENT, OPTIONS } from './layout.js';
import { load } from './library.js';

/** @import { LogFunction, LogLevel } from '../index.js' */
/** @import { Library } from './library.js' */

export const LEVELS = /** @type {const} */ (['off', 'error', 'warn', 'info', 'debug']); // The index is the number in C.

/**
 * Where the lines of each library go: a function, or stderr. The log is the whole process's, so the last function wins.
 * @type {Map<Library, {level: LogLevel, log: LogFunction | null}>}
 */
const logs = new Map();

/** The process exits. Lines that are written later, by the library's own exit handler, cannot reach JavaScript and go to stderr. */
export function endLogs() {
  passAllLines();
  for (const [library, { level, log }] of logs) if (log) library.logSet(LEVELS.indexOf(level), 0, 0);
}

/**
 * Sets how much the library logs and where to, for the whole process. See index.d.ts.
 * @param {LogLevel} level
 * @param {{library?: string, log?: LogFunction | null}} [options]
 */
export function setLogLevel(level, options = {}) {
  if (!LEVELS.includes(level)) throw invalidArgument(`level: expected one of ${LEVELS.join(', ')}, got ${String(level)}`);
  const library = load(options.library);
  setLog(library, options.log === undefined ? (logs.get(library)?.log ?? null) : options.log, level);
}

/**
 * @param {Library} library
 * @param {LogFunction | null} log null: stderr
 * @param {LogLevel} [level]
 */
export function setLog(library, log, level = logs.get(library)?.level ?? levelOfEnvironment()) {
  if (log !== null && typeof log !== 'function') throw invalidArgument(`log: expected a function, got ${typeof log}`);
  const before = logs.get(library)?.log;
  if (before) passLines(library, before); // The library forgets lines that wait when the log is set anew.
  logs.set(library, { level, log });
  if (log === null) library.logSet(LEVELS.indexOf(level), 0, 0);
  else library.logSetPolled(LEVELS.indexOf(level), 0);
}

/** @returns {LogLevel} */
function levelOfEnvironment() {
  const level = /** @type {LogLevel} */ (process.env.AXONPUSH_LOG?.toLowerCase());
  return LEVELS.includes(level) ? level : 'warn';
}

/** How long after the last sign of life of a client the log is looked at once more. */
const AFTERWARDS_MS = 50;
/** @type {NodeJS.Timeout | undefined} */
let afterwards;

/**
 * Passes the lines that the library has written to the log function. It is called after everything that can write any, and once more
 * soon after that, for what the library's threads have to say about it. So a program that does nothing has no timer.
 * @param {Library} library
 */
export function pollLog(library) {
  const log = logs.get(library)?.log;
  if (!log) return;
  passLines(library, log);
  clearTimeout(afterwards);
  afterwards = setTimeout(passAllLines, AFTERWARDS_MS).unref();
}

function passAllLines() {
  for (const [library, { log }] of logs) if (log) passLines(library, log);
}

/**
 * @param {Library} library
 * @param {LogFunction} log
 */
function passLines(library, log) {
  // The function may call this package, which no callback inside the library should.
  for (const [level, message] of library.logPoll()) {
    try {
      log(/** @type {'error'} */ (LEVELS[level]), inJavaScript(message));
    } catch (cause) {
      process.emitWarning(`the log function has thrown: ${cause instanceof Error ? cause.message : cause}`, 'AxonPushWarning');
    }
  }
}

const OPTION_NAMES = new Map([...OPTIONS.members].map(([ours, { name }]) => [name, ours]));
for (const { name } of EVENT.members.values()) OPTION_NAMES.delete(name); // A name of the service's, too.

/**
 * The options that a line of the log recommends have other names here.
 * @param {string} message
 */
function inJavaScript(message) {
  return message.replace(/\b[a-z]+(?:_[a-z]+)+\b/g, (name) => OPTION_NAMES.get(name) ?? name);
}
