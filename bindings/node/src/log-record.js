import { EventType } from './event-types.js';

/** @import { AxonPushEvent, LogSinkOptions } from '../index.js' */

const NAMES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/**
 * OpenTelemetry's severity numbers by level name: the levels of pino, of npm (winston's default) and of syslog.
 * @type {Record<string, number>}
 */
const SEVERITIES = {
  silly: 1,
  trace: 1,
  debug: 5,
  verbose: 5,
  http: 9,
  info: 9,
  notice: 10,
  warn: 13,
  warning: 13,
  error: 17,
  crit: 18,
  alert: 19,
  emerg: 21,
  fatal: 21,
};

/**
 * Returns the severity of a level, by its name or by pino's number. A custom level of pino has the severity of the standard level below it.
 * @param {unknown} level
 */
export function severityOf(level) {
  if (typeof level === 'number' && Number.isFinite(level)) return 4 * (Math.min(6, Math.max(1, Math.floor(level / 10))) - 1) + 1;
  const name = String(level).toLowerCase();
  return Object.hasOwn(SEVERITIES, name) ? SEVERITIES[name] : SEVERITIES.info;
}

/**
 * Turns a log line into an event: an OpenTelemetry log record, as the service expects it.
 * @param {LogSinkOptions} options
 * @param {{severity: number, severityText?: string, body: string, time?: unknown, logger?: unknown,
 *   attributes: Record<string, unknown>}} line
 * @returns {AxonPushEvent}
 */
export function logEvent(options, { severity, severityText, body, time, logger, attributes }) {
  const ms = millisecondsOf(time);
  return {
    identifier: typeof logger === 'string' && logger !== '' ? logger : 'log',
    eventType: options.eventType ?? EventType.APP_LOG,
    occurredAt: new Date(ms),
    payload: {
      severityNumber: severity,
      severityText: severityText ?? NAMES[Math.floor((severity - 1) / 4)],
      body,
      timeUnixNano: String(BigInt(Math.round(ms * 1000)) * 1000n),
      attributes,
      resource: options.serviceName ? { 'service.name': options.serviceName } : {},
    },
  };
}

/**
 * Converts a time as loggers write it, a number of milliseconds or a string, to milliseconds. Anything else is the present time.
 * @param {unknown} time
 */
function millisecondsOf(time) {
  const ms = typeof time === 'number' ? time : typeof time === 'string' || time instanceof Date ? Number(new Date(time)) : NaN;
  return Number.isNaN(new Date(ms).getTime()) ? Date.now() : ms;
}

/**
 * Adds OpenTelemetry's attributes of an error.
 * @param {Record<string, unknown>} attributes are added to
 * @param {{type?: unknown, name?: unknown, message?: unknown, stack?: unknown}} error
 */
export function addError(attributes, error) {
  for (const [name, value] of [
    ['exception.type', error.type ?? error.name],
    ['exception.message', error.message],
    ['exception.stacktrace', error.stack],
  ]) {
    if (typeof value === 'string') attributes[/** @type {string} */ (name)] = value;
  }
}

/**
 * The members that all events of a sink have.
 * @param {LogSinkOptions} options
 */
export function membersOf({ channelId, agentId }) {
  return { channelId, agentId };
}
