// @ts-check
/** The requests that arrived, and the attempts to publish one event, joined by its dedup key. */
import * as api from './api.js';
import { button, element, fill } from './dom.js';
import { clock, duration, plural } from './format.js';
import { jsonPanel } from './json.js';
import { go } from './state.js';

/** @typedef {import('./api.js').LoggedRequest} LoggedRequest */

/** @param {LoggedRequest} request */
export function keyOf(request) {
  return request.headers.find(([name]) => name === 'idempotency-key')?.[1];
}

/** @param {LoggedRequest} request */
export function outcome(request) {
  const status = request.status === null ? '' : ` ${request.status}`;
  return `${request.outcome}${status}`;
}

/** Whether a request met a fault or was refused. @param {LoggedRequest} request */
export function failed(request) {
  return request.outcome.startsWith('fault') || request.outcome === 'client left' || (request.status ?? 0) >= 400;
}

/** @param {string | undefined} key */
export function attempts(key) {
  const place = element('div', {});
  if (key) read(place, key);
  return place;
}

/** @param {HTMLElement} place @param {string} key */
async function read(place, key) {
  const requests = await api.requests({ key });
  if (requests.length === 0) {
    fill(place, element('p', { class: 'quiet' }, 'No request with this dedup key is in the log (any more). Events of OTLP have none.'));
    return;
  }
  const bad = requests.filter(failed).length;
  fill(place,
    element('p', {}, `${plural(requests.length, 'attempt')}, ${bad} of which failed; stored once. All carry the dedup key `,
      element('code', {}, key), '.'),
    element('ol', { class: 'attempts' }, requests.map((request, index) => element('li', { class: failed(request) ? 'failed' : '' },
      element('details', {},
        element('summary', {}, `${index + 1}. ${clock(request.time)} `, element('b', {}, outcome(request)),
          ` ${duration(request.durationMs)}, connection ${request.connection}`),
        jsonPanel(Object.fromEntries(request.headers), `${request.method} ${request.target}`),
        element('pre', { tabindex: '0', 'aria-label': 'Body' }, request.body.slice(0, 20_000)))))));
}

/** @param {LoggedRequest[]} requests newest first */
export function table(requests) {
  if (requests.length === 0) return element('p', { class: 'quiet' }, 'No request has arrived yet.');
  return element('div', { class: 'scrolled', tabindex: '0', role: 'region', 'aria-label': 'Requests' }, element('table', {},
    element('thead', {}, element('tr', {}, ['Time', 'Request', 'Outcome', 'Took', 'Event'].map((it) => element('th', { scope: 'col' }, it)))),
    element('tbody', {}, requests.map((request) => {
      const key = keyOf(request);
      return element('tr', { class: failed(request) ? 'failed' : '' },
        element('td', {}, clock(request.time)),
        element('td', {}, `${request.method} ${request.target}`),
        element('td', {}, outcome(request)),
        element('td', {}, duration(request.durationMs)),
        element('td', {}, key ? button('its event', () => find(key), { class: 'link' }) : ''));
    }))));
}

/** @param {string} key */
async function find(key) {
  const [event] = (await api.events(new URLSearchParams([['dedupKey', key]]), { limit: 1 })).events;
  if (event) {
    go({
      view: 'events', event: event.number, org: event.traceId ? event.orgId : null, trace: event.traceId ?? null, tab: 'attempts',
    });
  } else {
    go({ view: 'events', q: '', filters: [['dedupKey', key]], event: null });
  }
}
