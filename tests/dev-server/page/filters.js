// @ts-check
/** Search and filters, with the values that events really have. */
import * as api from './api.js';
import { button, byId, element, fill, throttled } from './dom.js';
import { go, hasFilter, state, toggleFilter } from './state.js';

/** Names of the server's filters, and how they read. */
const NAMES = {
  eventType: 'type', status: 'status', source: 'source', channelId: 'channel', serviceName: 'service', agentName: 'agent',
  toolName: 'tool', requestModel: 'model', providerName: 'provider', semanticKind: 'kind', operationName: 'operation',
  errorType: 'error', environmentId: 'environment', sessionId: 'session', userId: 'user', release: 'release',
  identifier: 'name', orgId: 'organization', traceId: 'trace', spanId: 'span', dedupKey: 'dedup key', agentId: 'agent id', appId: 'app',
};

/** @param {string} name */
export function label(name) {
  return name in NAMES ? NAMES[/** @type {keyof typeof NAMES} */ (name)] : name.replace(/^attr\./, '');
}

/** @param {string} name whether the server can filter by a member of an event */
export function isFilter(name) {
  return name in NAMES;
}

const search = element('input', {
  type: 'search', id: 'search', placeholder: 'Search everything ( / )', 'aria-label': 'Search everything', autocomplete: 'off',
  spellcheck: 'false',
});
const chips = element('div', { class: 'chips' });
const errors = button('Errors only', () => toggleFilter('status', 'error'), { class: 'toggle' });
const name = element('select', { id: 'filter-name', 'aria-label': 'Filter by' });
const value = element('input', {
  id: 'filter-value', list: 'filter-values', placeholder: 'value', 'aria-label': 'Value', autocomplete: 'off', spellcheck: 'false',
});
const offered = element('datalist', { id: 'filter-values' });

const changed = throttled(200, () => go({ q: search.value }, { replace: true }));

export function start() {
  search.addEventListener('input', changed);
  name.addEventListener('focus', offerNames);
  name.addEventListener('change', offerValues);
  value.addEventListener('focus', offerValues);
  const form = element('form', {
    class: 'add', onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      if (!name.value || !value.value) return;
      if (!hasFilter(name.value, value.value)) toggleFilter(name.value, value.value);
      value.value = '';
    },
  }, name, value, offered, element('button', { class: 'small' }, 'Filter'));
  value.addEventListener('change', () => {
    // A value that was picked from the list is wanted at once.
    if ([...offered.options].some((it) => it.value === value.value)) form.requestSubmit();
  });
  fill(byId('filters'), search, errors, form, chips);
  fill(name, options(Object.keys(NAMES)));
  show();
}

/** @param {string[]} names */
function options(names) {
  return names.map((it) => element('option', { value: it }, label(it)));
}

async function offerNames() {
  const attributes = await api.attributes();
  if (name.options.length > Object.keys(NAMES).length + attributes.length) return;
  const chosen = name.value;
  fill(name, options(Object.keys(NAMES)),
    element('optgroup', { label: 'Attributes' }, options(attributes.map((it) => `attr.${it}`))));
  name.value = chosen;
}

async function offerValues() {
  const values = await api.values(name.value);
  fill(offered, values.map((it) => element('option', { value: it.value }, `${it.value} (${it.count})`)));
}

export function show() {
  if (document.activeElement !== search) search.value = state.q;
  errors.setAttribute('aria-pressed', String(hasFilter('status', 'error')));
  const others = state.filters.filter(([n, v]) => n !== 'status' || v !== 'error');
  fill(chips, others.map(([n, v]) => button(`${label(n)}: ${v}  ×`, () => toggleFilter(n, v), {
    class: 'chip', 'aria-label': `Remove the filter ${label(n)}: ${v}`,
  })));
}

export function focus() {
  search.focus();
  search.select();
}

export function clear() {
  search.value = '';
  go({ q: '', filters: [] });
}
