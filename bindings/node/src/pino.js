import { addError, logEvent, membersOf, severityOf } from './log-record.js';
import { Observer } from './observer.js';

/** @import { PinoDestinationOptions } from '../pino.js' */

/**
 * A destination for pino. See pino.d.ts. It runs in the thread that logs, where the trace is current that the line belongs to. A
 * pino transport runs in a worker thread and would not know that trace.
 */
class Destination {
  #observer;
  #options;
  /** By this member pino tells a destination from an options object in `pino(destination)`. */
  writable = true;

  /**
   * @param {import('./client.js').AxonPush} client
   * @param {PinoDestinationOptions} options
   */
  constructor(client, options) {
    this.#options = { ...options };
    this.#observer = new Observer(client, membersOf(options));
  }

  get lost() {
    return this.#observer.lost;
  }

  /** @param {string} line */
  write(line) {
    this.#observer.publish(() => {
      const { messageKey = 'msg', errorKey = 'err' } = this.#options;
      const { level, time, name, [messageKey]: message, [errorKey]: error, ...attributes } = JSON.parse(line);
      if (typeof error === 'object' && error !== null) addError(attributes, error);
      else if (error !== undefined) attributes[errorKey] = error;
      const body = typeof message === 'string' ? message : message === undefined ? '' : JSON.stringify(message);
      return logEvent(this.#options, { severity: severityOf(level), body, time, logger: name, attributes });
    });
  }
}

/**
 * @param {import('./client.js').AxonPush} client
 * @param {PinoDestinationOptions} [options]
 */
export function pinoDestination(client, options = {}) {
  return new Destination(client, options);
}
