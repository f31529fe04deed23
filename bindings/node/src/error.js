/** Why a call failed. See index.d.ts. */
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

/** @param {string} message */
export function invalidArgument(message) {
  return new AxonPushError('AXONPUSH_ERR_INVALID_ARGUMENT', message);
}

/** @param {string} message */
export function closed(message) {
  return new AxonPushError('AXONPUSH_ERR_CLOSED', message);
}
