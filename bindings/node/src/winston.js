import { Writable } from 'node:stream';

import { addError, logEvent, membersOf, severityOf } from './log-record.js';
import { Observer, plain } from './observer.js';

/** @import { WinstonTransportOptions } from '../winston.js' */

const LEVEL = Symbol.for('level');

/**
 * A transport for winston. See winston.d.ts.
 *
 * To winston, a transport is a stream of objects with the members below. This one does not extend the class of the package
 * winston-transport: a package that npm installs as a link resolves its imports in its own folder, not in that of the application, and
 * would not find it.
 */
export class AxonPushTransport extends Writable {
  #observer;
  #options;
  /** The logger that this transport was added to, which has the levels. @type {any} */
  #logger;

  /**
   * @param {import('./client.js').AxonPush} client
   * @param {WinstonTransportOptions} [options]
   */
  constructor(client, options = {}) {
    super({ objectMode: true });
    const { channelId, agentId, eventType, serviceName, level, format, silent, handleExceptions, handleRejections } = options;
    this.#options = { channelId, agentId, eventType, serviceName };
    this.#observer = new Observer(client, membersOf(options));
    this.level = level;
    this.format = format;
    this.silent = silent;
    this.handleExceptions = handleExceptions;
    this.handleRejections = handleRejections;
    this.on('pipe', (logger) => (this.#logger = logger));
  }

  get lost() {
    return this.#observer.lost;
  }

  /**
   * @param {any} info
   * @param {BufferEncoding} _encoding
   * @param {() => void} next
   */
  _write(info, _encoding, next) {
    let formatted = null;
    try {
      if (this.#takes(info)) formatted = this.format ? this.format.transform({ ...info }, this.format.options) : info;
    } finally {
      // A format that throws is the application's mistake and reported to it, as by every other transport.
      if (formatted) this.log(formatted, next);
      else next();
    }
  }

  /** @param {any} info */
  #takes(info) {
    if (this.silent) return false;
    if ((info.exception === true && !this.handleExceptions) || (info.rejection === true && !this.handleRejections)) return false;
    const level = this.level ?? this.#logger?.level;
    const levels = this.#logger?.levels;
    return !level || !levels || levels[level] >= levels[info[LEVEL]];
  }

  /**
   * @param {any} info
   * @param {() => void} next
   */
  log(info, next) {
    this.#observer.publish(() => {
      const { level, message, timestamp, label, stack, ...others } = info;
      /** @type {Record<string, unknown>} */
      const attributes = {};
      for (const [name, value] of Object.entries(others)) {
        if (value instanceof Error) addError(attributes, value);
        else attributes[name] = plain(value);
      }
      if (message instanceof Error) addError(attributes, message);
      else if (typeof stack === 'string') attributes['exception.stacktrace'] = stack;
      const body = message instanceof Error ? message.message : typeof message === 'string' ? message : String(JSON.stringify(plain(message)) ?? '');
      const raw = info[LEVEL] ?? level;
      return logEvent(this.#options, {
        severity: severityOf(raw),
        severityText: String(raw).toUpperCase(),
        body,
        time: timestamp,
        logger: label,
        attributes,
      });
    });
    next();
  }
}
