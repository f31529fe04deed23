// @ts-check
/**
 * The events, newest first, in a list that stays still: what arrives while somebody reads (a row is open, the list is
 * scrolled, or it is paused) waits behind a button that says how much there is.
 */
import * as api from './api.js';
import { button, byId, element, fill } from './dom.js';
import { clock, count, duration, plural } from './format.js';
import { filters, go, state } from './state.js';

/** @typedef {import('./api.js').ListedEvent} ListedEvent */

/** Rows that are kept in the page; what is older is fetched again when it is asked for. */
const MOST_ROWS = 600;
/** Arrivals that are kept waiting; beyond that the list is read anew. */
const MOST_WAITING = 2000;

const rows = element('ol', { class: 'rows', id: 'rows' });
const notice = element('div', { class: 'notice' });
const older = element('div', { class: 'older' });

/** @type {Map<number, HTMLElement>} */
const shown = new Map();
/** @type {ListedEvent[]} newest last */
let waiting = [];
let overflowed = false;
let paused = false;
/** @type {EventSource | null} */
let source = null;
/** So that the answer to an older question is not shown. */
let generation = 0;

/** @type {{ arrived: (event: ListedEvent | null) => void, connected: (connected: boolean) => void }} */
let host = { arrived: () => {}, connected: () => {} };

/** @param {typeof host} listener */
export function start(listener) {
  host = listener;
}

export function attach() {
  fill(byId('list'), element('h2', { class: 'hidden' }, 'Events'), notice, rows, older);
  markSelected();
}

/** Reads the list anew and listens from there on. */
export async function load() {
  const mine = ++generation;
  source?.close();
  const query = filters();
  const page = await api.events(query);
  if (mine !== generation) return null;
  shown.clear();
  waiting = [];
  overflowed = false;
  fill(rows);
  append(page.events);
  showMore(page.more);
  showNotice();
  source = api.listen(query, page.cursor, {
    event: (event) => { if (mine === generation) arrive(event); },
    cleared: () => { if (mine === generation) host.arrived(null); },
    state: (connected) => { if (mine === generation) host.connected(connected); },
  });
  return page;
}

/** @param {ListedEvent} event */
function arrive(event) {
  host.arrived(event);
  if (shown.has(event.number)) return;
  if (isStill()) {
    waiting.push(event);
    if (waiting.length > MOST_WAITING) {
      waiting = waiting.slice(-MOST_ROWS);
      overflowed = true;
    }
    arrivals += 1;
  } else {
    prepend([event]);
  }
  showNotice();
}

let arrivals = 0;

/** Whether somebody is reading. An empty list has nothing that could move. */
function isStill() {
  return paused || (!isEmpty() && (state.view !== 'events' || state.event !== null || byId('list').scrollTop > 0));
}

/** Shows what was kept waiting. */
export function showWaiting() {
  arrivals = 0;
  if (overflowed) {
    load();
  } else {
    prepend(waiting);
    waiting = [];
  }
  byId('list').scrollTop = 0;
  showNotice();
}

export function isPaused() {
  return paused;
}

/** @param {boolean} value */
export function pause(value) {
  paused = value;
  if (!paused && !isStill()) showWaiting();
}

function showNotice() {
  if (waiting.length === 0) arrivals = 0;
  if (arrivals === 0) {
    fill(notice);
    return;
  }
  const text = `${count(arrivals)} new, show`;
  const known = notice.querySelector('button');
  if (known) known.textContent = text;
  else fill(notice, button(text, showWaiting, { class: 'waiting' }));
}

/** @param {ListedEvent[]} events newest last */
function prepend(events) {
  for (const event of events) {
    if (shown.has(event.number)) continue;
    const row = makeRow(event);
    shown.set(event.number, row);
    rows.prepend(row);
  }
  let removed = 0;
  while (rows.children.length > MOST_ROWS && rows.lastElementChild) {
    shown.delete(Number(rows.lastElementChild.getAttribute('data-number')));
    rows.lastElementChild.remove();
    removed += 1;
  }
  if (removed > 0) showMore(true);
  showEmpty();
}

/** @param {ListedEvent[]} events newest first */
function append(events) {
  for (const event of events) {
    if (shown.has(event.number)) continue;
    const row = makeRow(event);
    shown.set(event.number, row);
    rows.append(row);
  }
  showEmpty();
}

function showEmpty() {
  rows.hidden = rows.children.length === 0;
  if (!rows.hidden) older.querySelector('.quiet')?.remove();
}

function isEmpty() {
  return rows.children.length === 0;
}

/** @param {boolean} more */
function showMore(more) {
  if (!more) {
    fill(older, rows.children.length ? null : element('p', { class: 'quiet' }, 'No event matches.'));
    return;
  }
  fill(older, button('Show older', async () => {
    const mine = generation;
    const before = Number(rows.lastElementChild?.getAttribute('data-number'));
    const page = await api.events(filters(), { before });
    if (mine !== generation) return;
    // Who reads the past does not need the newest rows.
    append(page.events);
    showMore(page.more && rows.children.length < 5 * MOST_ROWS);
  }));
}

/** @param {ListedEvent} event */
function makeRow(event) {
  const failed = event.status === 'error';
  const facts = [event.requestModel, event.toolName ?? event.agentName, event.serviceName, event.channelId];
  const numbers = [
    event.totalTokens ? plural(event.totalTokens, 'token') : '',
    duration(event.durationMs),
  ].filter(Boolean).join(', ');
  return element('li', { 'data-number': event.number },
    element('button', {
      type: 'button', class: `row kind-${kind(event)}${failed ? ' failed' : ''}`,
      onclick: () => go({ event: event.number, org: event.traceId ? event.orgId : null, trace: event.traceId ?? null }),
    },
    element('time', { datetime: event.createdAt }, clock(event.createdAt)),
    element('span', { class: 'name' }, failed ? element('span', { class: 'badge error' }, 'error') : null, event.identifier),
    element('span', { class: 'type' }, event.eventType),
    element('span', { class: 'facts' }, facts.filter(Boolean).join(' · ')),
    element('span', { class: 'numbers' }, numbers)));
}

/** @param {{ semanticKind?: string }} event */
export function kind(event) {
  const known = ['agent', 'llm', 'tool', 'retrieval', 'embedding', 'log'];
  return known.find((it) => it === event.semanticKind) ?? 'other';
}

/** Marks the row of the event that is looked at. */
export function markSelected() {
  for (const row of rows.querySelectorAll('[aria-current]')) row.removeAttribute('aria-current');
  const row = state.event === null ? undefined : shown.get(state.event);
  row?.querySelector('button')?.setAttribute('aria-current', 'true');
}

/**
 * Goes to the next row (1: down, -1: up) that fits.
 * @param {1 | -1} step
 * @param {{ failed?: boolean }} [only]
 */
export async function move(step, only = {}) {
  const all = /** @type {HTMLElement[]} */ ([...rows.children]);
  const selected = state.event === null ? undefined : shown.get(state.event);
  // One that is not in the list is left for the server to go on from.
  let index = selected ? all.indexOf(selected) + step : state.event === null ? 0 : -1;
  while (all[index] && only.failed && !all[index].querySelector('.failed')) index += step;
  const button = all[index]?.querySelector('button');
  if (button) {
    button.click();
    button.scrollIntoView({ block: 'nearest' });
    button.focus({ preventScroll: true });
    return;
  }
  if (state.event === null) return;
  const query = filters();
  if (only.failed) query.set('status', 'error');
  const [event] = (await api.events(query, { [step > 0 ? 'before' : 'after']: state.event, limit: 1 })).events;
  if (event) go({ event: event.number, org: event.traceId ? event.orgId : null, trace: event.traceId ?? null });
}
