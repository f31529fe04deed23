import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { PACKAGE } from './places.js';

/** The error of a failed call. See index.d.ts. */
export class AxonPushError extends Error {
  /**
   * @param {string} status the name of an axonpush_status constant
   * @param {string} message
   * @param {{httpStatus?: number | null, code?: string | null, hint?: string | null, requestId?: string | null,
   *   retryAfterMs?: number | null, retryable?: boolean}} [details]
   */
  constructor(status, message, details = {}) {
    super(message);
    this.status = status;
    this.httpStatus = details.httpStatus ?? null;
    this.code = details.code ?? null;
    this.hint = details.hint ?? null;
    this.requestId = details.requestId ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.retryable = details.retryable ?? false;
  }
}

Object.defineProperty(AxonPushError.prototype, 'name', { value: 'AxonPushError', writable: true, configurable: true });

/**
 * What the library said about a failure. The error is created later, where somebody waits for it, so that its stack has the frames of
 * those who wait.
 */
export class Failure {
  /** @param {ConstructorParameters<typeof AxonPushError>} members */
  constructor(...members) {
    this.members = members;
  }

  toError() {
    return new AxonPushError(...this.members);
  }
}

/** @param {string} message */
export function invalidArgument(message) {
  return new AxonPushError('AXONPUSH_ERR_INVALID_ARGUMENT', message);
}

/** @param {string} message */
export function closed(message) {
  return new AxonPushError('AXONPUSH_ERR_CLOSED', message);
}

const OURS = pathToFileURL(join(PACKAGE, 'src/')).href;

/**
 * Remembers where the application is now. An error that is created later, in a callback of the event loop, would not know.
 * @returns {(error: Error) => Error} gives an error the application's frames
 */
export function callSite() {
  const site = { stack: '' };
  Error.captureStackTrace(site, callSite);
  return (error) => {
    const frames = site.stack.split('\n').filter((line) => line.startsWith('    at ') && !line.includes(OURS));
    error.stack = [`${error.name}: ${error.message}`, ...frames].join('\n');
    return error;
  };
}
