/** The page with many events in the store. `bench` prepares everything. Each time is the median of five. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { chromium } from 'playwright-core';

const { AXONPUSH_DEV_SERVER, AXONPUSH_TEST_CHROMIUM } = process.env;
const EVENTS = Number(process.env.AXONPUSH_BENCH_EVENTS);
const REPEATS = 5;
const MODELS = ['m-small', 'm-large', 'm-embed'];

/** An event such as agents publish: a few hundred bytes, one in a hundred an error, one in ten thousand with a rare word. */
function event(number) {
  const trace = Math.floor(number / 20);
  return {
    orgId: 'org_dev', channelId: `channel-${number % 7}`, eventType: number % 5 ? 'app.span' : 'agent.message', source: 'app',
    identifier: ['plan', 'chat', 'search', 'answer'][number % 4], occurredAt: new Date(Date.parse('2026-01-01T00:00:00Z') + number * 50).toISOString(),
    traceId: trace.toString(16).padStart(32, '0'), spanId: number.toString(16).padStart(16, '0'),
    payload: {
      'gen_ai.request.model': MODELS[number % 3], 'gen_ai.usage.input_tokens': number % 900, 'gen_ai.usage.output_tokens': number % 300,
      duration_ms: number % 2000, customer: `customer-${number % 1000}`, note: `The answer to question ${number} of this run, with some text around it.`,
      ...(number % 100 === 0 ? { 'error.type': 'Timeout', 'error.message': 'too slow' } : {}),
      ...(number % 10_000 === 0 ? { rare: 'needle' } : {}),
    },
  };
}

const memory = (pid) => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
};
const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
const say = (what, value, unit) => console.log(`${what.padEnd(58)} ${value.toFixed(unit === 'ms' ? 0 : 1).padStart(8)} ${unit}`);

const server = spawn(AXONPUSH_DEV_SERVER, ['--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
const [line] = await once(server.stdout, 'data');
const url = String(line).trim().split(' ').pop();
async function bringIn(from, to) {
  for (let at = from; at < to; at += 2000) {
    const events = Array.from({ length: Math.min(2000, to - at) }, (_, i) => event(at + i));
    const response = await fetch(`${url}/_dev/import`, { method: 'POST', body: JSON.stringify({ events }), headers: { 'Content-Type': 'application/json' } });
    if (!response.ok) throw new Error(`import: ${response.status} ${await response.text()}`);
  }
}

console.log(`${availableParallelism()} cores, of which ${loadavg()[0].toFixed(1)} are busy with something else`);
say('server, empty: memory', memory(server.pid), 'MiB');
const begin = performance.now();
await bringIn(0, EVENTS);
console.log(`${EVENTS.toLocaleString('en')} events imported in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
say('server, with the events: memory', memory(server.pid), 'MiB');

const browser = await chromium.launch({ executablePath: AXONPUSH_TEST_CHROMIUM, args: ['--no-sandbox'] });
const devtools = await browser.newBrowserCDPSession();
/** The memory of the tab's process: renderers with a page in them. */
async function tab() {
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  return Math.max(...processInfo.filter((it) => it.type === 'renderer').map((it) => memory(it.id)));
}
const open = async () => (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage();

/** Opens a view in a fresh context. @returns from navigation to the first paint, and to the first row */
async function firstView(path, ready) {
  const page = await open();
  const start = performance.now();
  await page.goto(url + path);
  await page.locator(ready).first().waitFor();
  const rows = performance.now() - start;
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN);
  await page.context().close();
  return { paint, rows };
}
async function views(what, path, ready) {
  const all = [];
  for (let i = 0; i < REPEATS; i += 1) all.push(await firstView(path, ready));
  say(`${what}: first paint`, median(all.map((it) => it.paint)), 'ms');
  say(`${what}: first row`, median(all.map((it) => it.rows)), 'ms');
}
await views('events', '/', '#rows .row');
await views('errors only', '/?f.status=error', '#rows .row');
await views('runs', '/?view=runs', '#run-rows .row');
await views('one run as a timeline', `/?view=runs&org=org_dev&trace=${'1'.padStart(32, '0')}&tab=timeline`, '.timeline li');

const page = await open();
page.setDefaultTimeout(30_000);
await page.goto(url);
await page.locator('#rows .row').first().waitFor();
say('tab, events: memory', await tab(), 'MiB');
/** Types a search. @returns until the list has what was asked for */
async function search(text, count) {
  const start = performance.now();
  await page.locator('#search').fill(text);
  await page.waitForFunction(([n]) => document.querySelectorAll('#rows .row').length === n, [count], { polling: 5 });
  return performance.now() - start;
}
const all = await page.locator('#rows .row').count();
for (const [what, text, count] of [
  ['search for a rare word', 'needle', Math.ceil(EVENTS / 10_000)], ['search for what is nowhere', 'no such text', 0],
]) {
  const times = [];
  for (let i = 0; i < REPEATS; i += 1) {
    times.push(await search(text, count));
    await search('', all);
  }
  say(`${what}: until it is shown`, median(times), 'ms');
}
await bringIn(EVENTS, EVENTS + 10_000);
await page.waitForTimeout(3000);
say('tab, after 10,000 more while it was open: memory', await tab(), 'MiB');
say('rows in the tab', await page.locator('#rows .row').count(), '');
say('server, at the end: memory', memory(server.pid), 'MiB');
await browser.close();
server.kill();
await once(server, 'exit');
