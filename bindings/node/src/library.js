import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import koffi from 'koffi';

import { AxonPushError, Failure } from './error.js';
import { RENAMED } from './layout.js';
import { OPERATIONS } from './operations.js';
import { PACKAGE, places } from './places.js';
import { AxonPushResponse } from './response.js';

// C runs on a stack that koffi allocates. For asynchronous calls that is 128 KiB by default, of which TLS takes more than half.
// koffi refuses to change it once the application has loaded a library through it; then the application's setting stays.
try {
  koffi.config({ async_stack_size: 1024 * 1024 });
} catch {}

export const BINDING_VERSION = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')).version;

/** Addresses and client handles are passed as plain integers and never dereferenced here. */
const ADDRESS = 'uintptr_t';
const STATUS = 'int32_t';
const COMPLETION = koffi.proto('void', [STATUS, ADDRESS, ADDRESS, ADDRESS]);
const LOG_LINE = koffi.proto('void', ['int32_t', 'str', ADDRESS]);

/**
 * A client handle or an address, as koffi returns it: a bigint where a number cannot hold it.
 * @typedef {number | bigint} Address
 * @typedef {ReturnType<typeof bind>} Library
 * @typedef {import('koffi').KoffiFunc<(...args: any[]) => any>} NativeFunction
 */

/** The libraries that are loaded, by the name that was asked for; '' for none. @type {Map<string, Library>} */
const loaded = new Map();

/**
 * Loads the library that the option names, else the one that AXONPUSH_LIBRARY names, else the first of places().
 * @param {string | undefined} option
 * @returns {Library}
 */
export function load(option) {
  const named = option || process.env.AXONPUSH_LIBRARY;
  const known = loaded.get(named ?? '');
  if (known !== undefined) return known;
  const library = named ? bind(named, open(named)) : find();
  loaded.set(named ?? '', library);
  return library;
}

/** The library for functions that belong to no client: one that is loaded already, else the one that load() finds. */
export function anyLibrary() {
  for (const library of loaded.values()) return library;
  return load(undefined);
}

/** Loads the first library of places() that can be loaded. */
function find() {
  const tried = [];
  for (const place of places()) {
    const systems = !isAbsolute(place);
    if (!systems && !existsSync(place)) {
      tried.push(`${place} (there is no such file)`);
      continue;
    }
    try {
      return bind(place, koffi.load(place));
    } catch (cause) {
      tried.push(`${place}${systems ? " where the system's loader looks" : ''} (${cause instanceof Error ? cause.message : cause})`);
    }
  }
  throw new AxonPushError(
    'AXONPUSH_ERR_CONFIG',
    `the native library was not found, tried in this order: ${tried.join(', ')}; install libaxonpush, or name its file in the option "library" or in AXONPUSH_LIBRARY`,
  );
}

/** @param {string} path */
function open(path) {
  try {
    return koffi.load(path);
  } catch (cause) {
    throw unusable(path, `${cause instanceof Error ? cause.message : cause}; is it the file of libaxonpush?`);
  }
}

/**
 * @param {string} path
 * @param {import('koffi').LibraryHandle} handle
 */
function bind(path, handle) {
  if (koffi.sizeof('void *') !== 8) throw unusable(path, 'this package needs a 64-bit Node');
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
  /** The functions that wait for the network, by their names in C. They are called on other threads. @type {Map<string, NativeFunction>} */
  const waiting = new Map();
  /** @param {string} name @param {string[]} parameters */
  const waits = (name, ...parameters) => waiting.set(name, native(name, STATUS, ...parameters));
  waits('events_publish', ADDRESS, ADDRESS, ADDRESS, ADDRESS);
  waits('events_list', ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
  waits('events_search', ADDRESS, ADDRESS, ADDRESS, ADDRESS);
  waits('events_iter_next', ADDRESS, ADDRESS, ADDRESS);
  waits('request', ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, 'size_t', ADDRESS, ADDRESS);
  for (const operation of OPERATIONS) {
    // Where C takes JSON, the length follows the string.
    const parameters = operation.parameters.flatMap((parameter) => (parameter.json ? [ADDRESS, 'size_t'] : [ADDRESS]));
    waits(operation.name, ADDRESS, ...parameters, ADDRESS, ADDRESS);
  }

  /** @type {[level: number, message: string][]} */
  const lines = [];
  const logPoll = native('log_poll', 'size_t', ADDRESS, ADDRESS, 'uint32_t');
  /** @type {number | undefined} */
  let collect;

  return {
    path,
    waiting,
    version: /** @type {string} */ (native('version', 'str')()),
    create: native('new', ADDRESS, ADDRESS, ADDRESS),
    flush: native('flush', STATUS, ADDRESS, 'uint32_t', ADDRESS),
    shutdown: native('shutdown', STATUS, ADDRESS, 'uint32_t', ADDRESS),
    close: native('close', 'void', ADDRESS),
    poll: native('poll', 'size_t', ADDRESS, 'uint32_t'),
    publishAsync: native('events_publish_async', STATUS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS),
    iterNew: native('events_iter_new', STATUS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS),
    iterFree: native('events_iter_free', 'void', ADDRESS),
    traceNew: native('trace_new', ADDRESS, ADDRESS, ADDRESS, ADDRESS),
    traceParse: native('trace_parse', ADDRESS, ADDRESS, ADDRESS),
    webhookVerify: native('webhook_verify', 'bool', 'str', 'const void *', 'size_t', 'str'),
    webhookSign: native('webhook_sign', 'bool', 'str', 'const void *', 'size_t', 'void *'),
    freeError: error.free,
    statsGet: native('stats_get', STATUS, ADDRESS, ADDRESS, ADDRESS),
    logSet: native('log_set', 'void', 'int32_t', ADDRESS, ADDRESS),
    logSetPolled: native('log_set_polled', 'void', 'int32_t', 'size_t'),
    callNew: native('call_new', ADDRESS, ADDRESS, 'uint32_t', ADDRESS),
    callCancel: native('call_cancel', 'void', ADDRESS),
    callFree: native('call_free', 'void', ADDRESS),

    /**
     * Reads what the library says about a failure. The native object continues to belong to the library.
     * @param {Address} address
     */
    readFailure(address) {
      const status = statusName(error.status(address));
      const httpStatus = error.httpStatus(address) || null;
      const retryAfterMs = Number(error.retryAfterMs(address));
      const message = error.message(address);
      return new Failure(status, httpStatus === null ? inJavaScript(message) : message, {
        httpStatus,
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
      const failure = this.readFailure(address);
      error.free(address);
      return failure.toError();
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

    /** Takes the lines of the log that wait. */
    logPoll() {
      collect ??= Number(koffi.register((/** @type {number} */ level, /** @type {string} */ message) => lines.push([level, message]), koffi.pointer(LOG_LINE)));
      logPoll(collect, 0, 0);
      return lines.splice(0);
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

/**
 * The library's own messages name members as C does, and mean a missing value by NULL.
 * @param {string} message
 */
function inJavaScript(message) {
  return message.replace(/\b[a-z]+(?:_[a-z]+)+\b/g, (name) => RENAMED.get(name) ?? name).replace(/\bNULL\b/g, 'null');
}
