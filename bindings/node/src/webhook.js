import { invalidArgument } from './error.js';
import { checkString } from './layout.js';
import { anyLibrary } from './library.js';

const SIGNATURE_LENGTH = 64;

/**
 * @param {unknown} secret
 * @param {unknown} body
 * @param {unknown} signature
 */
export function verifyWebhook(secret, body, signature) {
  const bytes = bytesOf(body);
  if (!usable(secret) || !usable(signature)) return false;
  return /** @type {boolean} */ (anyLibrary().webhookVerify(secret, bytes, bytes.length, signature));
}

/**
 * @param {string} secret
 * @param {string | Uint8Array} body
 */
export function signWebhook(secret, body) {
  const bytes = bytesOf(body);
  if (checkString('secret', secret) === '') throw invalidArgument('secret: it is empty');
  const signature = Buffer.alloc(SIGNATURE_LENGTH + 1);
  anyLibrary().webhookSign(secret, bytes, bytes.length, signature);
  return signature.toString('latin1', 0, SIGNATURE_LENGTH);
}

/**
 * Whether a value is a string that C can read to its end.
 * @param {unknown} value
 */
function usable(value) {
  return typeof value === 'string' && !value.includes('\0');
}

/** @param {unknown} body */
function bytesOf(body) {
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  throw invalidArgument('body: expected the bytes (or the string) as received, before any parsing');
}
