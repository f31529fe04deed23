import { invalidArgument } from './error.js';

// The structs of include/axonpush.h: their members in the order of the header, and how each is converted from JavaScript.
// test/layout.test.js compares these tables with the recorded ABI.

/**
 * `string`, `time`, `json` and `list` are pointers to strings; a `json` pointer is followed by the length of the string. `struct` is a
 * pointer to another struct. `toggle` is a boolean with a default. The others are numbers.
 * @typedef {'string' | 'time' | 'json' | 'list' | 'struct' | 'size' | 'toggle' | 'u32' | 'i32' | 'u64'} Kind
 * @typedef {{name: string, kind: Kind, offset: number}} Member
 * @typedef {{size: number, members: Map<string, Member>}} Struct members by their names in JavaScript
 */

/** @type {Record<Kind, number>} */
const WIDTH = { string: 8, time: 8, json: 8, list: 8, struct: 8, size: 8, u64: 8, toggle: 4, u32: 4, i32: 4 };

/** @param {string} name */
const camelCase = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

/**
 * @param {Record<string, Kind>} table
 * @returns {Struct}
 */
function struct(table) {
  const members = new Map();
  let offset = WIDTH.size; // struct_size comes first.
  for (const [name, kind] of Object.entries(table)) {
    const width = WIDTH[kind];
    offset = Math.ceil(offset / width) * width;
    members.set(camelCase(name), { name, kind, offset });
    offset += width;
    if (kind === 'json') offset += WIDTH.size; // the length follows the pointer
  }
  return { size: Math.ceil(offset / 8) * 8, members };
}

export const OPTIONS = struct({
  api_key: 'string',
  tenant_id: 'string',
  base_url: 'string',
  environment: 'string',
  channel_id: 'string',
  timeout_ms: 'u32',
  max_retries: 'i32',
  fail_open: 'i32',
  queue_max_events: 'u32',
  queue_max_bytes: 'u64',
  overflow: 'i32',
  delivery_timeout_ms: 'u32',
  max_connections: 'u32',
  shutdown_timeout_ms: 'u32',
  completion_mode: 'i32',
  content_capture: 'i32',
  redact_keys: 'list',
  max_content_length: 'u32',
  ca_file: 'string',
  ca_pem: 'string',
  proxy: 'string',
  user_agent: 'string',
  block_timeout_ms: 'u32',
  http_version: 'i32',
  spool_dir: 'string',
  spool_max_bytes: 'u64',
  spool_max_age_s: 'u32',
  spool_sync: 'i32',
  spool_sync_ms: 'u32',
  exporter: 'i32',
  otlp_endpoint: 'string',
  otlp_headers: 'string',
  otlp_batch_max_events: 'u32',
  otlp_batch_max_bytes: 'u32',
  otlp_batch_timeout_ms: 'u32',
  otlp_gzip: 'i32',
});

export const EVENT = struct({
  identifier: 'string',
  payload: 'json',
  channel_id: 'string',
  event_type: 'string',
  agent_id: 'string',
  trace_id: 'string',
  span_id: 'string',
  parent_span_id: 'string',
  dedup_key: 'string',
  occurred_at: 'time',
  metadata: 'json',
});

export const QUERY = struct({
  since: 'time',
  until: 'time',
  limit: 'u32',
  app_id: 'string',
  channel_id: 'string',
  environment_id: 'string',
  event_type: 'string',
  source: 'string',
  status: 'string',
  trace_id: 'string',
  agent_id: 'string',
  agent_name: 'string',
  tool_name: 'string',
  semantic_kind: 'string',
  service_name: 'string',
  operation_name: 'string',
  error_type: 'string',
  q: 'string',
  attr_key: 'string',
  attr_value: 'string',
});

export const STATS = struct({
  accepted: 'u64',
  delivered: 'u64',
  failed: 'u64',
  suppressed: 'u64',
  dropped: 'u64',
  expired: 'u64',
  abandoned: 'u64',
  queued_events: 'u64',
  queued_bytes: 'u64',
  retried: 'u64',
  connections: 'u64',
  log_events_lost: 'u64',
  log_lines_lost: 'u64',
  recovered: 'u64',
  kept: 'u64',
  spool_bytes: 'u64',
  batches: 'u64',
});

export const TRACE_QUERY = struct({
  events: 'struct',
  service: 'list',
  operation: 'list',
  model: 'list',
  provider: 'list',
  agent: 'list',
  tool: 'list',
  release: 'list',
  session: 'list',
  user: 'list',
  sort: 'string',
  min_duration_ms: 'u64',
  offset: 'u32',
  errors_only: 'toggle',
});

export const ENVIRONMENT = struct({
  name: 'string',
  slug: 'string',
  color: 'string',
  is_default: 'toggle',
  is_production: 'toggle',
});

export const WEBHOOK = struct({
  channel_id: 'string',
  url: 'string',
  event_types: 'list',
  description: 'string',
});

/** The names of members and parameters that differ in C and here, by their names in C. @type {Map<string, string>} */
export const RENAMED = new Map(
  [OPTIONS, EVENT, QUERY, TRACE_QUERY, ENVIRONMENT, WEBHOOK].flatMap(({ members }) => [...members].map(([ours, { name }]) => /** @type {[string, string]} */ ([name, ours]))),
);
for (const name of ['org_id', 'user_id', 'endpoint_id', 'invitation_id', 'invited_email']) RENAMED.set(name, camelCase(name));
RENAMED.set('body_json', 'body');

/**
 * Converts the value of a member to what C is passed: a string or a number.
 * @param {Member} member
 * @param {string} name the member's name, for error messages
 * @param {unknown} value neither null nor undefined
 * @returns {string | number | bigint}
 */
export function convert(member, name, value) {
  switch (member.kind) {
    case 'json':
      return typeof value === 'string' ? value : jsonText(name, value);
    case 'time':
      if (value instanceof Date) return isoString(name, value);
      return checkString(name, value);
    case 'list':
      if (Array.isArray(value)) return value.map((item) => checkString(name, item)).join(',');
      return checkString(name, value);
    case 'string':
      return checkString(name, value);
    case 'toggle':
      if (typeof value !== 'boolean') throw invalidArgument(`${name}: expected true or false, got ${kindOf(value)}`);
      return value ? 1 : 2;
    case 'u64':
      return checkWhole(name, value, 0, 2 ** 64 - 1);
    case 'i32':
      return checkWhole(name, value, -(2 ** 31), 2 ** 31 - 1);
    default:
      return checkWhole(name, value, 0, 2 ** 32 - 1);
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 */
export function checkString(name, value) {
  if (typeof value !== 'string') throw invalidArgument(`${name}: expected a string, got ${kindOf(value)}`);
  if (value.includes('\0')) throw invalidArgument(`${name}: it has a NUL character inside`);
  return value;
}

/**
 * Writes a value as JSON. Half of a surrogate pair, which is what cutting a string can leave, becomes U+FFFD as it does in all other
 * strings: it has no UTF-8 form, so the service would refuse it.
 * @param {string} name
 * @param {unknown} value
 */
export function jsonText(name, value) {
  let json;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    throw invalidArgument(`${name}: it cannot be written as JSON: ${cause instanceof Error ? cause.message : cause}`);
  }
  if (json === undefined) throw invalidArgument(`${name}: it cannot be written as JSON: ${kindOf(value)}`);
  // JSON.stringify escapes these halves and no other character from U+D800 on.
  return json.includes('\\ud') ? json.replace(/\\(?:ud[89a-f][0-9a-f]{2}|.)/g, mendEscape) : json;
}

/** @param {string} escape */
const mendEscape = (escape) => (escape.length === 6 && escape.startsWith('\\ud') ? '\ufffd' : escape);

/**
 * @param {string} name
 * @param {Date} date
 */
function isoString(name, date) {
  if (Number.isNaN(date.getTime())) throw invalidArgument(`${name}: an invalid Date`);
  return date.toISOString();
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} least
 * @param {number} most
 */
export function checkWhole(name, value, least, most) {
  const fits =
    typeof value === 'bigint'
      ? value >= BigInt(least) && value <= BigInt(most)
      : Number.isInteger(value) && /** @type {number} */ (value) >= least && /** @type {number} */ (value) <= most;
  if (!fits) throw invalidArgument(`${name}: expected a whole number from ${least} to ${most}, got ${String(value)}`);
  return /** @type {number | bigint} */ (value);
}

/** @param {unknown} value */
function kindOf(value) {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
}
