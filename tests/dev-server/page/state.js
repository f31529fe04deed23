// @ts-check
/** What is looked at. It is in the URL, so that a link shows the same and Back goes back. */

/**
 * @typedef {'events' | 'runs' | 'failures' | 'start'} View
 * @typedef {'event' | 'timeline' | 'conversation' | 'attempts'} Tab
 * @typedef {{
 *   view: View, q: string, filters: [string, string][], event: number | null, org: string | null, trace: string | null, tab: Tab,
 * }} State
 */

/** @type {View[]} */
export const VIEWS = ['events', 'runs', 'failures', 'start'];
/** @type {Tab[]} */
export const TABS = ['event', 'timeline', 'conversation', 'attempts'];

/** @type {State} */
export let state = read();
/** @type {Set<(before: State) => void>} */
const listeners = new Set();

/** @returns {State} */
function read() {
  const url = new URLSearchParams(location.search);
  const number = Number(url.get('event'));
  return {
    view: VIEWS.find((it) => it === url.get('view')) ?? 'events',
    q: url.get('q') ?? '',
    filters: [...url].filter(([name]) => name.startsWith('f.')).map(([name, value]) => [name.slice(2), value]),
    event: Number.isSafeInteger(number) && number > 0 ? number : null,
    org: url.get('org'),
    trace: url.get('trace'),
    tab: TABS.find((it) => it === url.get('tab')) ?? 'event',
  };
}

function write() {
  const url = new URLSearchParams();
  if (state.view !== 'events') url.set('view', state.view);
  if (state.q) url.set('q', state.q);
  for (const [name, value] of state.filters) url.append(`f.${name}`, value);
  if (state.event) url.set('event', String(state.event));
  if (state.org && state.trace) {
    url.set('org', state.org);
    url.set('trace', state.trace);
  }
  if (state.tab !== 'event') url.set('tab', state.tab);
  return url.size ? `?${url}` : location.pathname;
}

/** @param {(before: State) => void} listener */
export function onChange(listener) {
  listeners.add(listener);
}

/**
 * @param {Partial<State>} change
 * @param {{ replace?: boolean }} [options] typing replaces, everything else is a step that Back undoes
 */
export function go(change, options = {}) {
  const before = state;
  state = { ...state, ...change };
  const url = write();
  if (options.replace) history.replaceState(null, '', url);
  else if (url !== location.search) history.pushState(null, '', url);
  for (const listener of listeners) listener(before);
}

addEventListener('popstate', () => {
  const before = state;
  state = read();
  for (const listener of listeners) listener(before);
});

/** The filters as the server takes them. */
export function filters() {
  const query = new URLSearchParams(state.filters);
  if (state.q) query.set('q', state.q);
  return query;
}

/** @param {string} name @param {string} value */
export function hasFilter(name, value) {
  return state.filters.some(([n, v]) => n === name && v === value);
}

/** @param {string} name @param {string} value */
export function toggleFilter(name, value) {
  const without = state.filters.filter(([n, v]) => n !== name || v !== value);
  go({ filters: hasFilter(name, value) ? without : [...state.filters, [name, value]] });
}
