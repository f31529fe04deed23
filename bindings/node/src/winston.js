import Transport from 'winston-transport';

import { addError, logEvent, membersOf, severityOf } from './log-record.js';
import { Observer, plain } from './observer.js';

/** @import { WinstonTransportOptions } from '../winston.js' */

const LEVEL = Symbol.for('level');

/** A transport for winston. See winston.d.ts. */
export class AxonPushTransport extends Transport {
  #observer;
  #options;

  /**
   * @param {import('./client.js').AxonPush} client
   * @param {WinstonTransportOptions} [options]
   */
  constructor(client, options = {}) {
    const { channelId, agentId, eventType, serviceName, ...ofWinston } = options;
    super(ofWinston);
    this.#options = { channelId, agentId, eventType, serviceName };
    this.#observer = new Observer(client, membersOf(options));
  }

  get lost() {
    return this.#observer.lost;
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
