// @ts-check
/** Failures by click: what the next requests shall meet, what is armed, and which request met it. */
import * as api from './api.js';
import { button, element, fill } from './dom.js';
import { table } from './requests.js';

/** @type {{ name: string, text: string, fault: unknown }[]} */
const PRESETS = [
  { name: '503 twice', text: 'The service is down for two attempts.', fault: { path: '/event', status: 503, times: 2 } },
  { name: '429, come back in 2 s', text: 'The rate limit, with Retry-After.',
    fault: { path: '/event', status: 429, headers: { 'Retry-After': '2' } } },
  { name: 'Reset', text: 'TCP RST when the request arrives.', fault: { path: '/event', reset: true } },
  { name: 'Lost response', text: 'The event is stored, but nobody is told.', fault: { path: '/event', hangup: 'after' } },
  { name: 'Silence', text: 'The request is read, and nothing comes back.', fault: { path: '/event', silent: true } },
  { name: 'Drip', text: 'The response comes one byte in 50 ms.', fault: { path: '/event', drip: { bytes: 1, intervalMs: 50 } } },
  { name: 'Cut off', text: 'The response breaks off after ten bytes.', fault: { path: '/event', truncate: 10 } },
  { name: 'Slow', text: 'The response takes two seconds.', fault: { path: '/event', delayMs: 2000 } },
];

const armed = element('div', {});
const log = element('div', {});
const problem = element('p', { class: 'failure', role: 'alert' });
/** @type {ReturnType<typeof setInterval> | undefined} */
let timer;
let last = '';

/** @param {HTMLElement} place */
export function attach(place) {
  const custom = element('textarea', { id: 'fault', rows: 3, spellcheck: 'false' }, '{"path": "/event", "status": 500, "times": 1}');
  fill(place, element('div', { class: 'failures' },
    element('h2', {}, 'Failures'),
    element('p', {}, 'Arm one, publish something, and see what comes of it. Each acts once, unless it says otherwise.'),
    element('div', { class: 'presets' }, PRESETS.map((preset) => button(preset.name, () => arm(preset.fault), { class: 'preset', title: preset.text }))),
    element('details', {}, element('summary', {}, 'Any other'),
      element('label', { for: 'fault' }, 'A fault, or an array of them, as JSON (the README lists the members)'), custom,
      button('Arm', () => {
        try {
          arm(JSON.parse(custom.value));
        } catch (error) {
          problem.textContent = `Not JSON: ${error instanceof Error ? error.message : error}`;
        }
      })),
    problem, armed, element('h3', {}, 'Requests'), log));
  last = '';
  detach();
  timer = setInterval(() => { if (!document.hidden) refresh(); }, 1000);
  return refresh();
}

export function detach() {
  clearInterval(timer);
}

/** @param {unknown} fault */
async function arm(fault) {
  problem.textContent = '';
  try {
    await api.arm(fault);
  } catch (error) {
    problem.textContent = error instanceof Error ? error.message : String(error);
  }
  await refresh();
}

async function refresh() {
  const [faults, requests] = await Promise.all([api.faults(), api.requests({ limit: 100 })]).catch(() => [null, null]);
  if (!faults || !requests) return;
  const now = JSON.stringify([faults, requests]);
  // What has not changed is not drawn again: somebody may be reading it.
  if (now === last) return;
  last = now;
  fill(armed, element('h3', {}, 'Armed'), faults.length
    ? [element('ol', { class: 'armed' }, faults.map((it) => element('li', {}, element('code', {}, describe(it))))),
      button('Disarm all', async () => { await api.disarm(); await refresh(); })]
    : element('p', { class: 'quiet' }, 'Nothing: every request is answered as the service would.'));
  const scroll = log.querySelector('.scrolled')?.scrollTop ?? 0;
  fill(log, table([...requests].reverse()));
  const scrolled = log.querySelector('.scrolled');
  if (scrolled) scrolled.scrollTop = scroll;
}

/** @param {any} fault without what is a default */
function describe(fault) {
  const { delayMs, seed, skip, times, ...rest } = fault;
  return JSON.stringify({
    ...rest, ...(delayMs ? { delayMs } : {}), ...(seed ? { seed } : {}), ...(skip ? { skip } : {}), times: times === 0 ? 'until disarmed' : times,
  });
}
