// @ts-check
/** The page: which view is shown, what is live, and the keys. */
import * as api from './api.js';
import * as detail from './detail.js';
import { button, byId, element, fill, throttled } from './dom.js';
import * as faults from './faults.js';
import * as filters from './filters.js';
import { cost, count, plural } from './format.js';
import * as list from './list.js';
import * as runs from './runs.js';
import * as quickstart from './start.js';
import { VIEWS, filters as query, go, onChange, state, toggleFilter } from './state.js';

const TITLES = { events: 'Events', runs: 'Runs', failures: 'Failures', start: 'Start' };

/** @type {import('./api.js').About} */
let about = { version: '', apiKey: null, keptIn: null };
let isEmpty = false;

/** @param {string} text for everybody, screen readers included */
function say(text) {
  byId('status').textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => { byId('status').textContent = ''; }, 6000);
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let silence;

function showViews() {
  fill(byId('views'), VIEWS.map((view) => button(TITLES[view], () => go({ view }), {
    class: 'tab', 'aria-current': state.view === view ? 'page' : null, 'data-view': view,
  })));
}

/** Which part of the page is there: the quickstart stands in for a list that has nothing to show. */
function showView() {
  showViews();
  const place = byId('list');
  const startsHere = state.view === 'start' || (state.view === 'events' && isEmpty);
  document.body.dataset.view = startsHere ? 'start' : state.view;
  byId('filters').hidden = startsHere || state.view === 'failures';
  byId('detail').hidden = startsHere || state.view === 'failures';
  if (state.view !== 'failures') faults.detach();
  if (startsHere) quickstart.show(place, about, isEmpty, say);
  else if (state.view === 'failures') faults.attach(place);
  else if (state.view === 'runs') { runs.attach(); runs.load().catch(unreachable); }
  else list.attach();
}

const showTotals = throttled(500, async () => {
  const totals = await api.totals(query()).catch(() => null);
  if (!totals) return;
  const { errors } = totals;
  fill(byId('totals'),
    element('span', {}, plural(totals.events, 'event')),
    button(plural(errors, 'error'), () => { if (state.view !== 'events' && state.view !== 'runs') go({ view: 'events' }); toggleFilter('status', 'error'); }, {
      class: errors ? 'badge error' : 'badge', title: 'Errors only (e)', 'data-key': 'errors',
    }),
    button('‹', () => step(-1, true), { class: 'small', 'aria-label': 'Previous, newer error (p)', disabled: errors === 0 }),
    button('›', () => step(1, true), { class: 'small', 'aria-label': 'Next, older error (n)', disabled: errors === 0 }),
    totals.totalTokens ? element('span', {}, `${count(totals.totalTokens)} tokens`) : null,
    totals.costUsd ? element('span', {}, cost(totals.costUsd)) : null);
});

/** @param {1 | -1} direction @param {boolean} [failed] */
function step(direction, failed = false) {
  if (state.view === 'runs') runs.move(direction, { failed });
  else if (state.view === 'events') list.move(direction, { failed });
}

/** @param {boolean} connected */
function showLive(connected) {
  const paused = list.isPaused();
  const text = !connected ? 'not connected' : paused ? 'paused' : 'live';
  fill(byId('live'),
    element('span', { class: `dot ${connected && !paused ? 'on' : ''}` }, text),
    button(paused ? 'Go on' : 'Pause', () => { list.pause(!paused); showLive(connected); }, { class: 'small' }),
    element('details', { class: 'menu' }, element('summary', {}, 'More'),
      element('div', {},
        element('a', { href: '/_dev/export', download: 'axonpush-events.json' }, 'Export'),
        importButton(),
        button('Clear everything', clear, {}))));
}

function importButton() {
  const file = element('input', {
    type: 'file', accept: 'application/json', class: 'hidden', id: 'import', 'aria-label': 'File to import', tabindex: '-1',
    onchange: async () => {
      const chosen = file.files?.[0];
      if (!chosen) return;
      try {
        const { imported, known } = await api.bringIn(await chosen.text());
        say(`${plural(imported, 'event')} imported${known ? `, ${count(known)} were here already` : ''}.`);
      } catch (error) {
        say(`Nothing was imported: ${error instanceof Error ? error.message : error}`);
      }
    },
  });
  return element('span', {}, file, button('Import', () => file.click()));
}

async function clear() {
  if (!confirm('Delete all events, requests, faults and everything else that this server keeps?')) return;
  await api.clear();
  say('Everything is gone.');
}

const refreshRuns = throttled(500, () => { if (state.view === 'runs') runs.refresh().catch(unreachable); });

/** @param {import('./api.js').ListedEvent | null} event what has arrived; nothing: everything was cleared */
function arrived(event) {
  showTotals();
  refreshRuns();
  if (event === null) {
    go({ event: null, org: null, trace: null }, { replace: true });
    load();
  } else {
    if (detail.concerns(event)) detail.refresh();
    if (isEmpty) {
      isEmpty = false;
      showView();
    }
  }
}

function unreachable() {
  say('The server cannot be reached. This page goes on when it is back.');
}

async function load() {
  const page = await list.load().catch(() => undefined);
  if (page === undefined) {
    unreachable();
    setTimeout(load, 1000);
    return;
  }
  if (page === null) return;
  const nothing = page.events.length === 0 && !state.q && state.filters.length === 0;
  if (nothing !== isEmpty) {
    isEmpty = nothing;
    showView();
  }
}

onChange((before) => {
  const filtered = before.q !== state.q || JSON.stringify(before.filters) !== JSON.stringify(state.filters);
  filters.show();
  if (filtered) {
    load();
    showTotals();
    if (state.view === 'runs') runs.load().catch(unreachable);
  }
  if (before.view !== state.view) showView();
  list.markSelected();
  runs.markSelected();
  detail.show();
  const opened = before.event === null && before.trace === null && (state.event !== null || state.trace !== null);
  if (opened && matchMedia('(max-width: 900px)').matches) byId('detail').focus();
});

addEventListener('keydown', (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (event.key === 'Escape') {
    if (target?.id === 'search' && state.q) filters.clear();
    else if (target?.matches('input, select, textarea')) /** @type {HTMLElement} */ (target).blur();
    else detail.close();
    return;
  }
  if (target?.matches('input, select, textarea') || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = {
    j: () => step(1), k: () => step(-1), n: () => step(1, true), p: () => step(-1, true),
    e: () => toggleFilter('status', 'error'), '/': () => filters.focus(),
  };
  const action = keys[/** @type {keyof typeof keys} */ (event.key)];
  if (!action) return;
  event.preventDefault();
  action();
});

async function start() {
  about = await api.about().catch(() => about);
  list.start({ arrived, connected: showLive });
  filters.start();
  showLive(true);
  showView();
  showTotals();
  await load();
  detail.show();
}

start();
