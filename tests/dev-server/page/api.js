// @ts-check
/** What the page asks the server. */

/**
 * An event as a list shows it; `/_dev/events/{number}` has all of it.
 * @typedef {{
 *   number: number, orgId: string, eventId: string, createdAt: string, occurredAt: string, identifier: string,
 *   eventType: string, source: string, status?: string, channelId: string, traceId?: string, spanId?: string,
 *   parentSpanId?: string, dedupKey?: string, agentName?: string, toolName?: string, serviceName?: string,
 *   semanticKind?: string, requestModel?: string, durationMs?: number, totalTokens?: number, costUsd?: number,
 * }} ListedEvent
 * @typedef {{ [name: string]: any }} WholeEvent
 * @typedef {{ number: number, event: WholeEvent }} NumberedEvent
 * @typedef {{
 *   orgId: string, traceId: string, events: number, errors: number, totalTokens: number | null, costUsd: number | null,
 *   startedAt: string, durationMs: number, newest: number, name: string,
 * }} Run
 * @typedef {{ events: number, errors: number, traces: number, totalTokens: number | null, costUsd: number | null }} Totals
 * @typedef {{
 *   number: number, connection: number, method: string, target: string, headers: [string, string][], body: string,
 *   outcome: string, status: number | null, time: string, durationMs: number | null,
 * }} LoggedRequest
 * @typedef {{ version: string, apiKey: string | null, keptIn: string | null }} About
 */

export class Refused extends Error {}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 */
async function call(path, options) {
  const response = await fetch(path, options);
  const body = await response.json();
  if (!response.ok) throw new Refused(reason(body) ?? `HTTP ${response.status}`);
  return body;
}

/** @param {any} body */
function reason(body) {
  const errors = (body.errors ?? []).map((/** @type {any} */ it) => `${it.location}: ${it.message}`);
  const message = Array.isArray(body.message) ? body.message.join('; ') : body.message;
  return [body.detail ?? message, ...errors].filter(Boolean).join('; ') || undefined;
}

/**
 * @param {URLSearchParams} filters
 * @param {{ [name: string]: string | number | undefined }} [more]
 */
function query(filters, more = {}) {
  const all = new URLSearchParams(filters);
  for (const [name, value] of Object.entries(more)) if (value !== undefined) all.append(name, String(value));
  return all.size ? `?${all}` : '';
}

/** @returns {Promise<About>} */
export const about = () => call('/_dev/about');

/**
 * @param {URLSearchParams} filters
 * @param {{ before?: number, after?: number, limit?: number }} [page] the newest before a number, or the next after one
 * @returns {Promise<{ events: ListedEvent[], more: boolean, cursor: string }>}
 */
export const events = (filters, page) => call(`/_dev/events${query(filters, page)}`);

/** @param {number} number @returns {Promise<WholeEvent>} */
export const event = (number) => call(`/_dev/events/${number}`);

/** @param {URLSearchParams} filters @returns {Promise<Totals>} */
export const totals = (filters) => call(`/_dev/totals${query(filters)}`);

/** @param {URLSearchParams} filters @returns {Promise<Run[]>} */
export const runs = async (filters) => (await call(`/_dev/traces${query(filters)}`)).traces;

/** @param {string} orgId @param {string} traceId @returns {Promise<{ events: NumberedEvent[], more: boolean }>} */
export const run = (orgId, traceId) => call(`/_dev/traces/${encodeURIComponent(orgId)}/${encodeURIComponent(traceId)}`);

/** @returns {Promise<string[]>} */
export const attributes = async () => (await call('/_dev/attributes')).attributes;

/** @param {string} name @returns {Promise<{ value: string, count: number }[]>} */
export const values = async (name) => (await call(`/_dev/values/${encodeURIComponent(name)}`)).values;

/** @param {{ key?: string, limit?: number }} selection @returns {Promise<LoggedRequest[]>} */
export const requests = async (selection) => (await call(`/_dev/requests${query(new URLSearchParams(), selection)}`)).requests;

/** @returns {Promise<any[]>} */
export const faults = async () => (await call('/_dev/faults')).faults;

/** @param {unknown} fault */
export const arm = (fault) => call('/_dev/faults', { method: 'POST', body: JSON.stringify(fault) });

export const disarm = () => call('/_dev/faults', { method: 'DELETE' });

export const clear = () => call('/_dev/reset', { method: 'POST' });

/** @param {string} text @returns {Promise<{ imported: number, known: number }>} */
export const bringIn = (text) => call('/_dev/import', { method: 'POST', body: text });

/**
 * Publishes as any program does, so that it meets what is armed.
 * @param {string} key
 * @param {{ dedupKey: string }} body
 */
export const publish = (key, body) => call('/event', {
  method: 'POST',
  headers: { 'X-API-Key': key, 'x-axonpush-api-key': key, 'Content-Type': 'application/json', 'Idempotency-Key': body.dedupKey },
  body: JSON.stringify(body),
});

/**
 * Listens to events that match, from a cursor on. The browser connects again by itself, from where it was.
 * @param {URLSearchParams} filters
 * @param {string} cursor
 * @param {{ event: (event: ListedEvent) => void, cleared: () => void, state: (connected: boolean) => void }} listener
 */
export function listen(filters, cursor, listener) {
  const source = new EventSource(`/_dev/feed${query(filters, { after: cursor })}`);
  source.addEventListener('event', (message) => listener.event(JSON.parse(message.data)));
  source.addEventListener('cleared', () => listener.cleared());
  source.addEventListener('open', () => listener.state(true));
  source.addEventListener('error', () => listener.state(false));
  return source;
}
