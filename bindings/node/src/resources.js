import { invalidArgument } from './error.js';
import { jsonText, QUERY, checkString, TRACE_QUERY } from './layout.js';
import { Memory, room, stringRoom, valuesOf } from './memory.js';
import { OPERATIONS } from './operations.js';

/** @import { CallOptions } from '../index.js' */
/** @import { Parameter, Operation } from './operations.js' */

/**
 * A parameter that has been checked: how many bytes it takes, and a function that writes it.
 * @typedef {{bytes: number, write: (memory: Memory) => number[]}} Prepared
 */

/**
 * `client.apps`, `client.channels` and so on. See index.d.ts.
 * @param {import('./client.js').AxonPush} client
 * @returns {any}
 */
export function resources(client) {
  /** @type {Record<string, Record<string, Function>>} */
  const all = {};
  for (const operation of OPERATIONS) {
    all[operation.resource] ??= {};
    all[operation.resource][operation.verb] = async (/** @type {unknown[]} */ ...given) => operate(client, operation, given);
  }
  return all;
}

/**
 * @param {import('./client.js').AxonPush} client
 * @param {Operation} operation
 * @param {unknown[]} given the arguments of the operation, and its options
 */
async function operate(client, operation, given) {
  const what = `${operation.resource}.${operation.verb}`;
  const { parameters } = operation;
  if (given.length > parameters.length + 1) throw invalidArgument(`${what}: too many arguments`);
  const options = /** @type {CallOptions | undefined} */ (given[parameters.length]);
  const prepared = parameters.map((parameter, n) => prepare(parameter, given[n]));
  const memory = new Memory(prepared.reduce((sum, { bytes }) => sum + bytes, 64));
  const response = await client._call(memory, operation.name, prepared.flatMap(({ write }) => write(memory)), options);
  return operation.list === undefined ? response : (response?.data?.[operation.list] ?? []);
}

/**
 * @param {Parameter} parameter
 * @param {unknown} value
 * @returns {Prepared}
 */
function prepare({ name, struct, json }, value) {
  if (struct === TRACE_QUERY) return traceQuery(value);
  if (struct !== undefined) {
    const values = valuesOf(struct, /** @type {object} */ (value), name);
    return { bytes: room(struct, values), write: (memory) => [memory.struct(struct, values)] };
  }
  if (json && (typeof value !== 'object' || value === null || Array.isArray(value))) throw invalidArgument(`${name}: expected an object`);
  const written = json ? jsonText(name, value) : checkString(name, value);
  return { bytes: stringRoom(written), write: (memory) => (json ? [memory.string(written), 0] : [memory.string(written)]) };
}

/**
 * Prepares the filters of traces and of the events in them. They are one object here, and two structs in C.
 * @param {unknown} query
 * @returns {Prepared}
 */
function traceQuery(query) {
  if (query !== undefined && (typeof query !== 'object' || Array.isArray(query))) throw invalidArgument('query: expected an object');
  /** @type {Record<string, unknown>} */
  const ofTraces = {};
  /** @type {Record<string, unknown>} */
  const ofEvents = {};
  for (const [name, value] of Object.entries(query ?? {})) {
    const ours = TRACE_QUERY.members.has(name) && name !== 'events';
    (ours ? ofTraces : ofEvents)[name] = value;
  }
  const traces = valuesOf(TRACE_QUERY, ofTraces, 'query');
  const events = valuesOf(QUERY, ofEvents, 'query');
  const link = /** @type {import('./layout.js').Member} */ (TRACE_QUERY.members.get('events'));
  return {
    bytes: room(TRACE_QUERY, traces) + room(QUERY, events),
    write: (memory) => [memory.struct(TRACE_QUERY, [...traces, link, memory.struct(QUERY, events)])],
  };
}
