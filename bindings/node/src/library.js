import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import koffi from 'koffi';

import { AxonPushError } from './error.js';
import { OPERATIONS } from './operations.js';
import { AxonPushResponse } from './response.js';

// C runs on a stack that koffi allocates. For asynchronous calls that is 128 KiB by default, of which TLS takes more than half.
// koffi refuses to change it once the application has loaded a library through it; then the application's setting stays.
try {
  koffi.config({ async_stack_size: 1024 * 1024 });
} catch {}

export const BINDING_VERSION = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;

/** Addresses and client handles are passed as plain integers and never dereferenced here. */
const ADDRESS = 'uintptr_t';
const STATUS = 'int32_t';
const COMPLETION = koffi.proto('void', [STATUS, ADDRESS, ADDRESS, ADDRESS]);

/**
 * A client handle or an address, as koffi returns it: a bigint where a number cannot hold it.
 * @typedef {number | bigint} Address
 * @typedef {ReturnType<typeof bind>} Library
 * @typedef {import('koffi').KoffiFunc<(...args: any[]) => any>} NativeFunction
 */

/** @type {Map<string, Library>} */
const loaded = new Map();

/**
 * Loads the library that the option names, else the one that AXONPUSH_LIBRARY names, else that of the checkout which contains this
 * file, else whatever the system's loader finds.
 * @param {string | undefined} option
 * @returns {Library}
 */
export function load(option) {
  const path = option || process.env.AXONPUSH_LIBRARY || builtInCheckout() || 'libaxonpush.so.0';
  let library = loaded.get(path);
  if (library === undefined) {
    library = bind(path);
    loaded.set(path, library);
  }
  return library;
}

/** The library for functions that belong to no client: one that is loaded already, else the one that load() finds. */
export function anyLibrary() {
  for (const library of loaded.values()) return library;
  return load(undefined);
}

/** The library in target/release of the checkout, if this file is in one (and not in the node_modules of some project). */
function builtInCheckout() {
  const built = fileURLToPath(new URL('../../../target/release/libaxonpush.so', import.meta.url));
  const header = new URL('../../../include/axonpush.h', import.meta.url);
  return existsSync(header) && existsSync(built) ? built : undefined;
}

/** @param {string} path */
function bind(path) {
  if (koffi.sizeof('void *') !== 8) throw unusable(path, 'this package needs a 64-bit Node');
  let handle;
  try {
    handle = koffi.load(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw unusable(path, `${reason}. Install libaxonpush, or name its file in the option "library" or in AXONPUSH_LIBRARY`);
  }
  /**
   * @param {string} name
   * @param {string} result
   * @param {string[]} parameters
   */
  const native = (name, result, ...parameters) => {
    try {
      return /** @type {NativeFunction} */ (handle.func(`axonpush_${name}`, result, parameters));
    } catch (cause) {
      throw unusable(path, `it has no function axonpush_${name}: it is not libaxonpush, or another version of it`);
    }
  };
  const statusName = native('status_name', 'str', STATUS);
  const error = {
    status: native('error_status', STATUS, ADDRESS),
    message: native('error_message', 'str', ADDRESS),
    code: native('error_code', 'str', ADDRESS),
    hint: native('error_hint', 'str', ADDRESS),
    requestId: native('error_request_id', 'str', ADDRESS),
    httpStatus: native('error_http_status', 'int32_t', ADDRESS),
    retryAfterMs: native('error_retry_after_ms', 'int64_t', ADDRESS),
    retryable: native('error_retryable', 'bool', ADDRESS),
    free: native('error_free', 'void', ADDRESS),
  };
  const response = {
    json: native('response_json', 'str', ADDRESS, ADDRESS),
    httpStatus: native('response_http_status', 'int32_t', ADDRESS),
    requestId: native('response_request_id', 'str', ADDRESS),
    free: native('response_free', 'void', ADDRESS),
  };

  const trace = {
    id: native('trace_id', 'str', ADDRESS),
    spanId: native('trace_span_id', 'str', ADDRESS),
    traceparent: native('trace_traceparent', 'str', ADDRESS),
    free: native('trace_free', 'void', ADDRESS),
  };
  /** @type {Map<import('./operations.js').Operation, NativeFunction>} */
  const operations = new Map();
  for (const operation of OPERATIONS) {
    // Where C takes JSON, the length follows the string.
    const parameters = operation.parameters.flatMap((parameter) => (parameter.json ? [ADDRESS, 'size_t'] : [ADDRESS]));
    operations.set(operation, native(operation.name, STATUS, ADDRESS, ...parameters, ADDRESS, ADDRESS));
  }

  return {
    path,
    operations,
    version: /** @type {string} */ (native('version', 'str')()),
    create: native('new', ADDRESS, ADDRESS, ADDRESS),
    flush: native('flush', STATUS, ADDRESS, 'uint32_t', ADDRESS),
    shutdown: native('shutdown', STATUS, ADDRESS, 'uint32_t', ADDRESS),
    close: native('close', 'void', ADDRESS),
    poll: native('poll', 'size_t', ADDRESS, 'uint32_t'),
    publish: native('events_publish', STATUS, ADDRESS, ADDRESS, ADDRESS, ADDRESS),
    publishAsync: native('events_publish_async', STATUS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS),
    list: native('events_list', STATUS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS),
    search: native('events_search', STATUS, ADDRESS, ADDRESS, ADDRESS, ADDRESS),
    iterNew: native('events_iter_new', STATUS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS),
    iterNext: native('events_iter_next', STATUS, ADDRESS, ADDRESS, ADDRESS),
    iterFree: native('events_iter_free', 'void', ADDRESS),
    request: native('request', STATUS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, 'size_t', ADDRESS, ADDRESS),
    traceNew: native('trace_new', ADDRESS, ADDRESS, ADDRESS, ADDRESS),
    traceParse: native('trace_parse', ADDRESS, ADDRESS, ADDRESS),
    webhookVerify: native('webhook_verify', 'bool', 'str', 'const void *', 'size_t', 'str'),
    webhookSign: native('webhook_sign', 'bool', 'str', 'const void *', 'size_t', 'void *'),
    freeError: error.free,
    statsGet: native('stats_get', STATUS, ADDRESS, ADDRESS, ADDRESS),
    logSet: native('log_set', 'void', 'int32_t', ADDRESS, ADDRESS),

    /**
     * Reads the error of a failed call. The native object continues to belong to the library.
     * @param {Address} address
     */
    readError(address) {
      const status = statusName(error.status(address));
      const retryAfterMs = Number(error.retryAfterMs(address));
      return new AxonPushError(status, error.message(address), {
        httpStatus: error.httpStatus(address) || null,
        code: error.code(address),
        hint: error.hint(address),
        requestId: error.requestId(address),
        retryAfterMs: retryAfterMs < 0 ? null : retryAfterMs,
        retryable: error.retryable(address),
      });
    },

    /**
     * Reads the error of a failed call and frees the native object.
     * @param {Address} address
     */
    takeError(address) {
      const failure = this.readError(address);
      error.free(address);
      return failure;
    },

    /**
     * Reads the service's response; null if there is none. The native object continues to belong to the library.
     * @param {Address} address
     */
    readResponse(address) {
      if (!address) return null;
      return new AxonPushResponse(response.json(address, 0), response.httpStatus(address), response.requestId(address));
    },

    /**
     * Reads the service's response and frees the native object.
     * @param {Address} address
     */
    takeResponse(address) {
      const taken = this.readResponse(address);
      response.free(address);
      return taken;
    },

    /**
     * Reads the ids of a trace and frees the native object.
     * @param {Address} address
     */
    takeTrace(address) {
      const ids = /** @type {{traceId: string, spanId: string, traceparent: string}} */ ({
        traceId: trace.id(address),
        spanId: trace.spanId(address),
        traceparent: trace.traceparent(address),
      });
      trace.free(address);
      return ids;
    },

    /**
     * Returns the address of a C function that calls `complete`. Only axonpush_poll() on this thread may call it.
     * @param {(status: number, response: Address, error: Address, userData: number) => void} complete
     */
    completion(complete) {
      return Number(koffi.register(complete, koffi.pointer(COMPLETION)));
    },
  };
}

/**
 * @param {string} path
 * @param {string} why
 */
function unusable(path, why) {
  return new AxonPushError('AXONPUSH_ERR_CONFIG', `the library ${path} cannot be used: ${why}`);
}
