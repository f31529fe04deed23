// @ts-check
/** What one looks at: an event with its run, its conversation and the attempts to publish it; or a run alone. */
import * as api from './api.js';
import { conversation } from './conversation.js';
import { button, byId, element, fill, throttled } from './dom.js';
import { isFilter, label } from './filters.js';
import { clock, cost, count, duration, plural } from './format.js';
import { jsonPanel } from './json.js';
import { attempts } from './requests.js';
import { TABS, go, hasFilter, state, toggleFilter } from './state.js';
import { timeline } from './timeline.js';

/** @typedef {import('./api.js').NumberedEvent} NumberedEvent */
/** @typedef {import('./api.js').WholeEvent} WholeEvent */

const TITLES = { event: 'Event', timeline: 'Timeline', conversation: 'Conversation', attempts: 'Attempts' };

/** @type {{ number: number, event: WholeEvent } | null} */
let event = null;
/** @type {{ org: string, trace: string, events: NumberedEvent[], more: boolean } | null} */
let run = null;
/** So that a slow answer does not replace a newer one. */
let generation = 0;

/** Shows what the state says; what is already here is not fetched again. */
export async function show() {
  const mine = ++generation;
  const place = byId('detail');
  const open = state.event !== null || state.trace !== null;
  document.body.classList.toggle('open', open);
  if (!open) {
    event = run = null;
    fill(place, element('p', { class: 'quiet' }, 'Choose an event or a run to see all of it.'));
    return;
  }
  try {
    if (state.event === null) event = null;
    else if (event?.number !== state.event) event = { number: state.event, event: await api.event(state.event) };
    if (mine !== generation) return;
    if (event && state.trace === null && event.event.traceId) {
      // A link that names only the event.
      go({ org: event.event.orgId, trace: event.event.traceId }, { replace: true });
      return;
    }
    if (state.org === null || state.trace === null) run = null;
    else if (run?.org !== state.org || run.trace !== state.trace) await readRun(state.org, state.trace);
  } catch (error) {
    if (mine !== generation) return;
    event = run = null;
    const text = error instanceof api.Refused ? `It cannot be shown: ${error.message}` : 'The server cannot be reached.';
    fill(place, closeButton(), element('p', { class: 'quiet' }, text));
    return;
  }
  if (mine === generation) render();
}

/** @param {string} org @param {string} trace */
async function readRun(org, trace) {
  run = { org, trace, ...await api.run(org, trace) };
}

/** Grows the run while it is watched. */
export const refresh = throttled(300, async () => {
  const watched = run;
  if (!watched || !['timeline', 'conversation'].includes(tab())) return;
  const fresh = await api.run(watched.org, watched.trace).catch(() => null);
  if (!fresh || run !== watched) return;
  run = { ...watched, ...fresh };
  render({ keepScroll: true });
});

/** @param {{ orgId: string, traceId?: string }} arrived */
export function concerns(arrived) {
  return run !== null && arrived.traceId === run.trace && arrived.orgId === run.org;
}

/** The tab that can be shown. */
function tab() {
  const possible = TABS.filter((it) => {
    if (it === 'event') return event !== null;
    if (it === 'attempts') return event !== null && event.event.dedupKey !== undefined;
    return run !== null;
  });
  return possible.includes(state.tab) ? state.tab : possible[0];
}

function closeButton() {
  return button('Close', close, { class: 'small close', 'aria-label': 'Close the detail (Esc)' });
}

export function close() {
  go({ event: null, org: null, trace: null });
}

/** @param {{ keepScroll?: boolean }} [options] */
function render(options = {}) {
  const place = byId('detail');
  const scroll = options.keepScroll ? place.scrollTop : 0;
  const shown = tab();
  const tabs = TABS.filter((it) => it === 'event' || it === 'attempts' ? event !== null : run !== null);
  const title = event?.event.identifier ?? run?.events.find((it) => !it.event.parentSpanId && it.event.semanticKind !== 'log')?.event.identifier ?? 'Run';
  const focused = place.contains(document.activeElement) ? document.activeElement?.getAttribute('data-key') : null;
  fill(place,
    element('header', {}, element('h2', {}, title), closeButton()),
    run ? element('p', { class: 'summary' }, summary(run.events)) : null,
    element('div', { class: 'tabs', role: 'group', 'aria-label': 'Parts' }, tabs.map((it) => button(TITLES[it], () => go({ tab: it }), {
      class: 'tab', 'aria-pressed': String(it === shown), 'data-key': `tab ${it}`, disabled: it === 'attempts' && !event?.event.dedupKey,
    }))),
    element('div', { class: `panel ${shown}` }, panel(shown)));
  place.scrollTop = scroll;
  if (focused) {
    const again = [...place.querySelectorAll('[data-key]')].find((it) => it.getAttribute('data-key') === focused);
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  }
}

/** @param {NumberedEvent[]} events */
function summary(events) {
  const times = events.map(({ event: it }) => [Date.parse(it.occurredAt), Date.parse(it.occurredAt) + (it.durationMs ?? 0)]);
  const took = Math.max(...times.map(([, end]) => end)) - Math.min(...times.map(([start]) => start));
  const sum = (/** @type {string} */ name) => events.reduce((all, { event: it }) => all + (it[name] ?? 0), 0);
  const failed = events.filter(({ event: it }) => it.status === 'error').length;
  const usd = sum('costUsd');
  return [
    plural(events.length, 'event'), duration(took), sum('totalTokens') ? `${count(sum('totalTokens'))} tokens` : '', usd ? cost(usd) : '',
    failed ? plural(failed, 'error') : '', run?.more ? '(the first 2,000 events)' : '',
  ].filter(Boolean).join(' · ');
}

/** @param {import('./state.js').Tab} shown */
function panel(shown) {
  if (shown === 'timeline' && run) return timeline(run.events, state.event);
  if (shown === 'conversation' && run) return conversation(run.events);
  if (shown === 'attempts' && event) return attempts(event.event.dedupKey);
  return event ? eventPanel(event.event) : [];
}

/** @param {WholeEvent} it */
function eventPanel(it) {
  const { payload, metadata, attributes = {}, resourceAttributes = {}, ...members } = it;
  return [
    it.errorMessage || it.errorType
      ? element('p', { class: 'failure' }, [it.errorType, it.errorMessage].filter(Boolean).join(': ')) : null,
    table('Members', Object.entries(members).map(([name, value]) => [name, value, isFilter(name) ? name : null])),
    table('Attributes', Object.entries({ ...resourceAttributes, ...scalars(payload), ...attributes })
      .filter(([, value]) => typeof value !== 'object').map(([name, value]) => [name, value, `attr.${name}`])),
    jsonPanel(payload, 'Payload'),
    metadata ? jsonPanel(metadata, 'Metadata') : null,
    jsonPanel(it, 'The whole event'),
  ];
}

/** @param {{ [name: string]: unknown }} payload what `attrKey` looks at besides `attributes` */
function scalars(payload) {
  return Object.fromEntries(Object.entries(payload ?? {}).filter(([, value]) => value !== null && typeof value !== 'object'));
}

/**
 * A click on a value filters by it.
 * @param {string} title
 * @param {[name: string, value: unknown, filter: string | null][]} rows
 */
function table(title, rows) {
  if (rows.length === 0) return null;
  return element('section', {}, element('h3', {}, title), element('dl', { class: 'members' }, rows.flatMap(([name, value, filter]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const shown = name.endsWith('At') ? `${text} (${clock(text)} here)` : text;
    const by = filter === null ? null : `${label(filter)}: ${text}`;
    return [
      element('dt', {}, name),
      element('dd', {}, filter === null || text === '' || text.length > 300 ? shown : button(shown, () => toggleFilter(filter, text), {
        class: 'value', 'aria-pressed': String(hasFilter(filter, text)), title: `Filter by ${by}`, 'data-key': `value ${name}`,
      })),
    ];
  })));
}
