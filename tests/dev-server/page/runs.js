// @ts-check
/** The runs: traces, the one with the newest event first, each with what it took. */
import * as api from './api.js';
import { button, byId, element, fill } from './dom.js';
import { clock, cost, count, duration, plural } from './format.js';
import { filters, go, state } from './state.js';

/** @typedef {import('./api.js').Run} Run */

const rows = element('ol', { class: 'rows', id: 'run-rows' });
const notice = element('div', { class: 'notice' });
/** @type {Map<string, { row: HTMLElement, newest: number }>} */
let shown = new Map();
let loaded = false;

export function attach() {
  fill(byId('list'), element('h2', { class: 'hidden' }, 'Runs'), notice, rows);
  markSelected();
}

/** @param {{ orgId: string, traceId: string }} run */
const keyOf = (run) => JSON.stringify([run.orgId, run.traceId]);

/** Reads all anew. */
export async function load() {
  const runs = await api.runs(filters());
  loaded = true;
  shown = new Map();
  for (const run of runs) shown.set(keyOf(run), { row: makeRow(run), newest: run.newest });
  fill(rows, [...shown.values()].map((it) => it.row));
  rows.hidden = runs.length === 0;
  fill(notice, runs.length ? null : element('p', { class: 'quiet' }, 'No run matches. A run is what shares a trace id.'));
  markSelected();
}

/** What has changed changes in its place; new runs wait while somebody reads. */
export async function refresh() {
  if (!loaded || (state.trace === null && byId('list').scrollTop === 0)) return load();
  const runs = await api.runs(filters());
  let fresh = 0;
  for (const run of runs) {
    const known = shown.get(keyOf(run));
    if (!known) {
      fresh += 1;
    } else if (known.newest !== run.newest) {
      const row = makeRow(run);
      const focused = known.row.contains(document.activeElement);
      known.row.replaceWith(row);
      shown.set(keyOf(run), { row, newest: run.newest });
      if (focused) row.querySelector('button')?.focus({ preventScroll: true });
    }
  }
  fill(notice, fresh ? button(`${plural(fresh, 'new run')}, show`, load, { class: 'waiting' }) : null);
  markSelected();
}

/** @param {Run} run */
function makeRow(run) {
  const facts = [
    plural(run.events, 'event'),
    run.totalTokens ? `${count(run.totalTokens)} tokens` : '',
    cost(run.costUsd),
  ];
  return element('li', {},
    element('button', {
      type: 'button', class: `row${run.errors ? ' failed' : ''}`,
      onclick: () => go({ event: null, org: run.orgId, trace: run.traceId, tab: state.tab === 'conversation' ? 'conversation' : 'timeline' }),
    },
    element('time', { datetime: run.startedAt }, clock(run.startedAt)),
    element('span', { class: 'name' },
      run.errors ? element('span', { class: 'badge error' }, plural(run.errors, 'error')) : null, run.name),
    element('span', { class: 'type' }, duration(run.durationMs)),
    element('span', { class: 'facts' }, facts.filter(Boolean).join(' · ')),
    element('span', { class: 'numbers' }, run.traceId.slice(0, 12))));
}

export function markSelected() {
  for (const row of rows.querySelectorAll('[aria-current]')) row.removeAttribute('aria-current');
  if (state.org === null || state.trace === null) return;
  const run = shown.get(keyOf({ orgId: state.org, traceId: state.trace }));
  run?.row.querySelector('button')?.setAttribute('aria-current', 'true');
}

/** @param {1 | -1} step @param {{ failed?: boolean }} [only] */
export function move(step, only = {}) {
  const all = /** @type {HTMLElement[]} */ ([...rows.children]);
  const selected = all.findIndex((row) => row.querySelector('[aria-current]'));
  let index = selected < 0 ? 0 : selected + step;
  while (all[index] && only.failed && !all[index].querySelector('.failed')) index += step;
  const button = all[index]?.querySelector('button');
  button?.click();
  button?.focus();
}
