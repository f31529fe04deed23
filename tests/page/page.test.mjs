/**
 * The page of the dev server in headless Chromium. `run` prepares everything; the pictures are for a person to look at.
 *
 * AXONPUSH_DEV_SERVER, AXONPUSH_TEST_PUBLISHER (examples-c/quickstart, which publishes through the library),
 * AXONPUSH_TEST_FLAGS (with which a compiler finds the library), AXONPUSH_TEST_LIBRARY (its file), AXONPUSH_TEST_ROOT (of the
 * repository), AXONPUSH_TEST_CHROMIUM, AXONPUSH_TEST_PICTURES (a folder)
 */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';

const {
  AXONPUSH_DEV_SERVER, AXONPUSH_TEST_PUBLISHER, AXONPUSH_TEST_FLAGS = '', AXONPUSH_TEST_LIBRARY = '', AXONPUSH_TEST_ROOT = '',
  AXONPUSH_TEST_CHROMIUM, AXONPUSH_TEST_PICTURES,
} = process.env;
const run = promisify(execFile);
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const KEY = 'ak_dev';

class Server {
  /** @param {string[]} options */
  static async start(...options) {
    const server = new Server();
    server.process = spawn(AXONPUSH_DEV_SERVER, ['--listen', '127.0.0.1:0', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(server.process.stdout, 'data');
    server.url = String(line).trim().split(' ').pop();
    return server;
  }

  async stop() {
    this.process.kill();
    await once(this.process, 'exit');
  }

  async call(method, path, body) {
    const response = await fetch(this.url + path, {
      method, body: body === undefined ? undefined : JSON.stringify(body),
      headers: { 'X-API-Key': KEY, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    });
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`);
    return response.json();
  }

  publish(event) {
    return this.call('POST', '/event', { payload: {}, ...event });
  }

  /** Many at once, as an import takes them. */
  bringIn(events) {
    const common = { orgId: 'org_dev', channelId: 'ch', eventType: 'custom', source: 'app', occurredAt: '2026-01-01T00:00:00Z', payload: {} };
    return this.call('POST', '/_dev/import', { events: events.map((it) => ({ ...common, ...it })) });
  }
}

let server;
let browser;
let page;
let problems = [];

before(async () => {
  server = await Server.start();
  browser = await chromium.launch({ executablePath: AXONPUSH_TEST_CHROMIUM, args: ['--no-sandbox'] });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  await server.call('POST', '/_dev/reset');
  problems = [];
  page = await open();
});
afterEach(async () => {
  await page.context().close();
  assert.deepEqual(problems, [], 'the console has no error');
});

/** @param {object} [options] of the browser's context */
async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const opened = await context.newPage();
  opened.on('console', (message) => { if (['error', 'warning'].includes(message.type())) problems.push(message.text()); });
  opened.on('pageerror', (error) => problems.push(String(error)));
  opened.setDefaultTimeout(15_000);
  return opened;
}

async function visit(path = '/') {
  await page.goto(server.url + path);
  await page.locator('.row:visible, .start:visible, .failures:visible, .panel:visible, .quiet:visible').first().waitFor();
}

const rows = () => page.locator('#rows .row .name').allTextContents();
const row = (name) => page.locator('#rows .row', { hasText: name });
const tab = (name) => page.locator(`[data-key="tab ${name}"]`).click();

/** A run with a tree of spans, in an order in which they do not arrive. */
async function publishRun(traceId = 'trace-1') {
  const at = (ms) => new Date(Date.parse('2026-01-01T00:00:00Z') + ms).toISOString();
  const event = (identifier, spanId, parentSpanId, start, took, of = {}, more = {}) => server.publish({
    identifier, traceId, spanId, ...(parentSpanId ? { parentSpanId } : {}), occurredAt: at(start),
    payload: { duration_ms: took, ...of }, ...more,
  });
  await event('search', 's3', 's2', 300, 100, { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search',
    'gen_ai.tool.call.arguments': { q: 'weather' }, 'gen_ai.tool.call.result': 'rain', 'error.type': 'Timeout', 'error.message': 'too slow' });
  await event('answer', 's4', 's1', 600, 300, { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm-2', 'gen_ai.usage.total_tokens': 30,
    'gen_ai.input.messages': [{ role: 'user', content: 'Will it rain?' }], 'gen_ai.output.messages': [{ role: 'assistant', parts: [{ type: 'text', content: 'Yes.' }] }] });
  await event('plan', 's2', 's1', 100, 400, { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm-1', 'gen_ai.usage.total_tokens': 12,
    'cost_usd': 0.5, 'gen_ai.input.messages': '[REDACTED]' });
  await event('trip', 's1', null, 0, 1000, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'planner' });
}

test('the empty page is the quickstart, and one button sends a test run', async () => {
  await visit();
  assert.ok(await page.getByText('Nothing here yet').isVisible());
  for (const language of ['C', 'C++', 'Go', 'Node', 'Python', 'OpenTelemetry', 'curl']) {
    await page.getByRole('button', { name: language, exact: true }).click();
    const code = await page.locator('.code pre').textContent();
    assert.ok(code.includes(server.url) && code.includes(KEY), code);
  }
  await page.getByRole('button', { name: 'Send a test event' }).click();
  await row('answer').waitFor();
  assert.deepEqual(await rows(), ['answer', 'errorweather', 'chat', 'plan a trip']);
});

test('an event that the library publishes appears without a reload', { skip: !AXONPUSH_TEST_PUBLISHER && 'no library was given' }, async () => {
  await visit();
  await run(AXONPUSH_TEST_PUBLISHER, [server.url], { env: { AXONPUSH_API_KEY: KEY } });
  await row('hello').waitFor();
});

/** A compiled program, or what is missing for it. @param {string} compiler @param {string} name @param {string} standard */
const compiled = (compiler, name, standard) => ({
  missing: !AXONPUSH_TEST_PUBLISHER && 'no library was given', name,
  start: async (folder) => {
    await run(compiler, [standard, '-Wall', '-Werror', name, '-o', 'hello', ...AXONPUSH_TEST_FLAGS.split('\n')], { cwd: folder });
    await run(join(folder, 'hello'), [], { env: {} });
  },
});
const has = (...command) => spawnSync(command[0], command.slice(1)).status === 0;
const binding = (language) => join(AXONPUSH_TEST_ROOT, 'bindings', language);
const library = { AXONPUSH_LIBRARY: AXONPUSH_TEST_LIBRARY, PATH: process.env.PATH, HOME: process.env.HOME };

/** How the programs of the quickstart are run, as they are printed. That of OpenTelemetry is two variables: tests/otlp. */
const SNIPPETS = {
  curl: { missing: !has('curl', '--version') && 'curl is not installed', name: 'hello.sh', start: (folder) => run('sh', ['hello.sh'], { cwd: folder }) },
  C: compiled('cc', 'hello.c', '-std=c99'),
  'C++': compiled('c++', 'hello.cpp', '-std=c++17'),
  Go: {
    missing: (!AXONPUSH_TEST_LIBRARY && 'no library was given') || (!has('go', 'version') && 'Go is not installed'), name: 'main.go',
    start: async (folder) => {
      const name = 'github.com/axonpush/libaxonpush/bindings/go';
      writeFileSync(join(folder, 'go.mod'), `module hello\n\ngo 1.19\n\nrequire ${name} v0.0.0\n\nreplace ${name} => ${JSON.stringify(binding('go'))}\n`);
      const env = { ...process.env, GOTOOLCHAIN: 'local', GOPROXY: 'off', GOFLAGS: '-mod=mod' };
      await run(join(binding('go'), 'with-checkout'), ['go', 'run', '.'], { cwd: folder, env });
    },
  },
  Node: {
    missing: !AXONPUSH_TEST_LIBRARY && 'no library was given', name: 'hello.mjs',
    start: async (folder) => {
      // As npm installs it, with what it needs.
      await run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefer-offline', '--install-links', binding('node')], { cwd: folder });
      await run('node', ['hello.mjs'], { cwd: folder, env: library });
    },
  },
  Python: {
    missing: (!AXONPUSH_TEST_LIBRARY && 'no library was given')
      || (!has('python3', '-c', 'import sys; sys.exit(sys.version_info < (3, 10))') && 'Python 3.10 is not installed'), name: 'hello.py',
    start: (folder) => run('python3', ['hello.py'], { cwd: folder, env: { ...library, PYTHONPATH: binding('python') } }),
  },
};
for (const [language, { missing, name, start }] of Object.entries(SNIPPETS)) {
  test(`the ${language} program of the quickstart runs`, { skip: missing }, async () => {
    await visit();
    await page.getByRole('button', { name: language, exact: true }).click();
    const folder = mkdtempSync(join(tmpdir(), 'axonpush-page-'));
    writeFileSync(join(folder, name), await page.locator('.code pre').textContent());
    await start(folder);
    rmSync(folder, { recursive: true });
    await row('hello').waitFor();
  });
}

test('a thousand events arrive while a row is open, and nothing moves', async () => {
  await server.bringIn(Array.from({ length: 80 }, (_, i) => ({ identifier: `old ${i}` })));
  await visit();
  await page.locator('#list').evaluate((it) => { it.scrollTop = 700; });
  await row('old 55').click();
  await page.locator('.panel.event').waitFor();
  const detail = page.locator('#detail');
  await detail.evaluate((it) => { it.scrollTop = 40; });
  const look = async () => ({
    row: await row('old 55').boundingBox(), list: await page.locator('#list').evaluate((it) => it.scrollTop),
    detail: await detail.evaluate((it) => it.scrollTop), count: await page.locator('#rows .row').count(), url: page.url(),
    selected: await page.locator('.row[aria-current] .name').textContent(),
  });
  const seen = await look();
  await server.bringIn(Array.from({ length: 1000 }, (_, i) => ({ identifier: `new ${i}` })));
  const waiting = page.getByRole('button', { name: '1,000 new, show' });
  await waiting.waitFor();
  assert.deepEqual(await look(), seen);
  await waiting.click();
  await row('new 999').first().waitFor();
  assert.equal((await rows())[0], 'new 999');
  assert.ok((await page.locator('#rows .row').count()) <= 600, 'the page keeps a bounded number of rows');
  assert.equal(await page.locator('h2', { hasText: 'old 55' }).count(), 1, 'what was open stays open');
});

test('the list stays still while it is paused, and goes on', async () => {
  await server.publish({ identifier: 'first' });
  await visit();
  await page.getByRole('button', { name: 'Pause' }).click();
  await server.publish({ identifier: 'second' });
  await page.getByRole('button', { name: '1 new, show' }).waitFor();
  assert.deepEqual(await rows(), ['first']);
  await page.getByRole('button', { name: 'Go on' }).click();
  await row('second').waitFor();
  await server.publish({ identifier: 'third' });
  await row('third').waitFor();
});

test('older events are fetched when they are asked for', async () => {
  await server.bringIn(Array.from({ length: 250 }, (_, i) => ({ identifier: `e${i}` })));
  await visit();
  assert.equal(await page.locator('#rows .row').count(), 100);
  for (const count of [200, 250]) {
    await page.getByRole('button', { name: 'Show older' }).click();
    await page.waitForFunction((n) => document.querySelectorAll('#rows .row').length === n, count);
  }
  assert.equal(await page.getByRole('button', { name: 'Show older' }).count(), 0);
  assert.deepEqual(await rows(), Array.from({ length: 250 }, (_, i) => `e${249 - i}`));
});

test('a server that comes back is noticed, and nothing is missing or there twice', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'axonpush-page-'));
  const first = await Server.start('--db', join(folder, 'db.sqlite'));
  const port = new URL(first.url).port;
  await first.publish({ identifier: 'one' });
  await page.goto(first.url);
  await row('one').waitFor();
  await first.stop();
  await page.getByText('not connected').waitFor();
  const again = await Server.start('--db', join(folder, 'db.sqlite'), '--listen', `127.0.0.1:${port}`);
  await again.publish({ identifier: 'two' });
  await row('two').waitFor();
  await again.publish({ identifier: 'three' });
  await row('three').waitFor();
  assert.deepEqual(await rows(), ['three', 'two', 'one']);
  await page.close();
  await again.stop();
  rmSync(folder, { recursive: true });
  // The browser itself says that it could not connect.
  problems = problems.filter((it) => !it.includes('ERR_CONNECTION_REFUSED') && !it.includes('ERR_INCOMPLETE_CHUNKED_ENCODING'));
});

test('a run is a timeline in the order of its tree', async () => {
  await publishRun();
  await visit('/?view=runs');
  await page.locator('#run-rows .row', { hasText: 'trip' }).click();
  const spans = page.locator('.timeline .span');
  await spans.first().waitFor();
  assert.deepEqual(await page.locator('.timeline .name').allTextContents(), ['trip', 'plan', 'search', 'answer']);
  assert.deepEqual(await page.locator('.timeline .name').evaluateAll((all) => all.map((it) => it.style.paddingLeft)), ['0rem', '0.9rem', '1.8rem', '0.9rem']);
  const bars = await page.locator('.bar').evaluateAll((all) => all.map((it) => [Math.round(parseFloat(it.style.left)), Math.round(parseFloat(it.style.width))]));
  assert.deepEqual(bars, [[0, 100], [10, 40], [30, 10], [60, 30]]);
  assert.match(await page.locator('.bar').nth(0).getAttribute('class'), /kind-agent/);
  assert.match(await page.locator('.bar').nth(1).getAttribute('class'), /kind-llm/);
  assert.match(await spans.nth(2).getAttribute('class'), /failed/);
  assert.ok(await page.locator('.timeline .failure', { hasText: 'Timeout: too slow' }).isVisible());
  assert.equal(await page.locator('.summary').textContent(), '4 events · 1 s · 42 tokens · $0.50 · 1 error');
  // It grows while somebody watches, and the least bar can be seen.
  await server.publish({ identifier: 'late', traceId: 'trace-1', spanId: 's5', parentSpanId: 's1', occurredAt: '2026-01-01T00:00:00.990Z' });
  await page.locator('.timeline .name', { hasText: 'late' }).waitFor();
  assert.ok((await page.locator('.bar').last().boundingBox()).width >= 4);
  await page.screenshot({ path: join(AXONPUSH_TEST_PICTURES, 'timeline-1400.png') });
  await spans.nth(1).click();
  await page.locator('.panel.event').waitFor();
  assert.equal(await page.locator('#detail h2').textContent(), 'plan');
});

test('a run as the library writes it is a timeline and a conversation', async () => {
  // The payloads of the table of cases are, byte for byte, those of the helpers of every language.
  const cases = JSON.parse(readFileSync(join(AXONPUSH_TEST_ROOT, 'tests/conformance/genai.json'), 'utf8'));
  const publish = ([name, spanId, parentSpanId, second]) => {
    const { call, seen } = cases.find((it) => it.name === `${name}_is_the_same_in_every_language`);
    const { identifier, event_type: eventType } = call.publish;
    const payload = JSON.parse(`{${seen.text.contains}}`).payload;
    return server.publish({ identifier, eventType, payload, traceId: 'written', spanId, parentSpanId, occurredAt: `2026-01-01T00:00:0${second}Z` });
  };
  for (const it of [['an_agent_run', 's1', undefined, 0], ['a_model_call', 's2', 's1', 1], ['a_tool_call', 's3', 's1', 2]]) await publish(it);
  await visit('/?org=org_dev&trace=written&tab=timeline');
  await page.locator('.timeline .span').first().waitFor();
  assert.deepEqual(await page.locator('.timeline .name').allTextContents(), ['plan a trip', 'chat', 'weather']);
  assert.deepEqual(await page.locator('.timeline .what').allTextContents(), ['agent', 'llm · gpt-5', 'tool · weather']);
  assert.deepEqual(await page.locator('.timeline .took').allTextContents(), ['1.9 s', '812.5 ms', '250 µs']);
  assert.match(await page.locator('.summary').textContent(), /^3 events · .* · 165 tokens · \$0\.0021 · 3 errors$/);
  await tab('conversation');
  await page.locator('.turn').first().waitFor();
  const turns = await page.locator('.turn').evaluateAll((all) => all.map((it) => [it.querySelector('b').textContent, it.querySelector('p').textContent]));
  assert.deepEqual(turns, [
    ['system', 'Plan.'], ['user', 'A trip to Rome.'], ['assistant', 'Take an umbrella.'], ['error', 'timeout: gave up'],
    ['system', 'Be brief.'], ['user', 'Will it rain?'], ['assistant', 'Naïvely, no.'], ['error', 'timeout: too slow'],
    ['calls weather', '{\n  "city": "Rome",\n  "days": [\n    1,\n    2\n  ]\n}'], ['weather returns', '<none> & no JSON'],
    ['error', 'tool_error: no forecast'],
  ]);
});

test('spans that are each others parents are shown all the same', async () => {
  await server.publish({ identifier: 'a', traceId: 't', spanId: 'a', parentSpanId: 'b' });
  await server.publish({ identifier: 'b', traceId: 't', spanId: 'b', parentSpanId: 'a' });
  await server.publish({ identifier: 'own', traceId: 't', spanId: 'c', parentSpanId: 'c' });
  await server.publish({ identifier: 'lost', traceId: 't', spanId: 'd', parentSpanId: 'nowhere' });
  await visit('/?org=org_dev&trace=t&tab=timeline');
  await page.locator('.timeline .span').first().waitFor();
  assert.deepEqual((await page.locator('.timeline .name').allTextContents()).sort(), ['a', 'b', 'lost', 'own']);
});

test('a run is a conversation, and what is redacted says what to do', async () => {
  await publishRun();
  await visit('/?org=org_dev&trace=trace-1&tab=conversation');
  await page.locator('.turn').first().waitFor();
  const turns = await page.locator('.turn').evaluateAll((all) => all.map((it) => [it.className.replace('turn ', ''), it.querySelector('p')?.textContent ?? null]));
  assert.deepEqual(turns, [
    ['user', null], ['tool', '{\n  "q": "weather"\n}'], ['tool', 'rain'], ['error', 'Timeout: too slow'],
    ['user', 'Will it rain?'], ['assistant', 'Yes.'],
  ]);
  assert.match(await page.locator('.hint').textContent(), /AXONPUSH_CONTENT_CAPTURE/);
  await page.screenshot({ path: join(AXONPUSH_TEST_PICTURES, 'conversation-1400.png') });
});

test('a click on a value filters, the state is in the URL, and Back goes back', async () => {
  await server.publish({ identifier: 'apple', payload: { region: 'eu' }, eventType: 'app.log' });
  await server.publish({ identifier: 'banana', payload: { region: 'us' }, eventType: 'app.log' });
  await server.publish({ identifier: 'cherry', payload: { region: 'eu' } });
  await visit();
  await row('apple').click();
  await page.locator('[data-key="value region"]').click();
  await page.waitForFunction(() => document.querySelectorAll('#rows .row').length === 2);
  assert.deepEqual(await rows(), ['cherry', 'apple']);
  await page.locator('[data-key="value eventType"]').click();
  await page.waitForFunction(() => document.querySelectorAll('#rows .row').length === 1);
  assert.match(page.url(), /f\.attr\.region=eu&f\.eventType=app\.log/);
  await page.reload();
  await row('apple').waitFor();
  assert.deepEqual(await rows(), ['apple']);
  await page.locator('#detail h2', { hasText: 'apple' }).waitFor();
  await server.publish({ identifier: 'date', payload: { region: 'us' } });
  await page.goBack();
  await row('cherry').waitFor();
  assert.deepEqual(await rows(), ['cherry', 'apple']);
  await page.getByRole('button', { name: 'Remove the filter region: eu' }).click();
  await row('date').waitFor();

  await page.locator('#filter-name').focus();
  await page.locator('#filter-name optgroup').waitFor({ state: 'attached' });
  await page.locator('#filter-name').selectOption('attr.region');
  await page.locator('#filter-value').focus();
  await page.locator('#filter-values option').first().waitFor({ state: 'attached' });
  assert.deepEqual(await page.locator('#filter-values option').evaluateAll((all) => all.map((it) => it.value)), ['eu', 'us']);
  await page.locator('#search').fill('EU');
  await page.waitForFunction(() => document.querySelectorAll('#rows .row').length === 2);
});

test('errors come first: a badge, errors only, next and previous', async () => {
  await server.bringIn(Array.from({ length: 300 }, (_, i) => ({
    identifier: `e${i}`, payload: i % 100 === 50 ? { 'error.type': 'Boom' } : {},
  })));
  await visit();
  const badge = page.getByRole('button', { name: '3 errors' });
  await badge.waitFor();
  await page.keyboard.press('n');
  for (const name of ['e250', 'e150', 'e50']) {
    await page.locator('#detail h2', { hasText: name }).waitFor();
    await page.keyboard.press('n');
  }
  await badge.click();
  await page.waitForFunction(() => document.querySelectorAll('#rows .row').length === 3);
  await row('e150').click();
  await page.keyboard.press('p');
  await page.locator('#detail h2', { hasText: 'e250' }).waitFor();
});

test('everything is within reach of the keyboard', async () => {
  for (const name of ['one', 'two', 'three']) await server.publish({ identifier: name });
  await visit();
  const opened = (name) => page.locator('#detail h2', { hasText: name }).waitFor();
  await page.keyboard.press('j');
  await opened('three');
  await page.keyboard.press('j');
  await opened('two');
  await page.keyboard.press('k');
  await opened('three');
  await page.keyboard.press('Escape');
  await page.locator('#detail h2').waitFor({ state: 'detached' });
  await page.keyboard.press('/');
  await page.keyboard.type('two');
  await page.waitForFunction(() => document.querySelectorAll('#rows .row').length === 1);
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.querySelectorAll('#rows .row').length === 3);
});

test('a failure that is armed by a click is met, and the attempts are shown', { skip: !AXONPUSH_TEST_PUBLISHER && 'no library was given' }, async () => {
  await visit('/?view=failures');
  await page.getByRole('button', { name: '503 twice' }).click();
  await page.locator('.armed', { hasText: '503' }).waitFor();
  await run(AXONPUSH_TEST_PUBLISHER, [server.url], { env: { AXONPUSH_API_KEY: KEY } });
  await page.locator('tr', { hasText: 'fault: status 503' }).nth(1).waitFor();
  await page.getByText('Nothing: every request is answered as the service would.').waitFor();
  await page.screenshot({ path: join(AXONPUSH_TEST_PICTURES, 'failures-1400.png') });
  await page.getByRole('button', { name: 'its event' }).first().click();
  await page.locator('.attempts li').first().waitFor();
  assert.match(await page.locator('.panel.attempts').textContent(), /3 attempts, 2 of which failed; stored once/);
  await page.screenshot({ path: join(AXONPUSH_TEST_PICTURES, 'attempts-1400.png') });
});

test('any other failure can be armed, and nonsense is explained', async () => {
  await visit('/?view=failures');
  await page.getByText('Any other').click();
  await page.locator('#fault').fill('{"status": 99}');
  await page.getByRole('button', { name: 'Arm', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'between 200 and 599' }).waitFor();
  await page.locator('#fault').fill('{"path": "/apps", "status": 500, "times": 0}');
  await page.getByRole('button', { name: 'Arm', exact: true }).click();
  await page.locator('.armed', { hasText: 'until disarmed' }).waitFor();
  await page.getByRole('button', { name: 'Disarm all' }).click();
  await page.getByText('Nothing: every request').waitFor();
  // The refusal above is in the browser's console.
  problems = problems.filter((it) => !it.includes('422'));
});

test('planted script stays text in every field of an event', async () => {
  const planted = '<img src=x onerror="window.planted=1"><script>window.planted=1</script>"\'`${window.planted=1}';
  const fields = ['identifier', 'channel_id', 'eventType', 'agentId', 'traceId', 'spanId', 'parentSpanId'];
  const event = Object.fromEntries(fields.map((it) => [it, planted]));
  const names = ['gen_ai.agent.name', 'gen_ai.tool.name', 'service.name', 'gen_ai.operation.name', 'axonpush.semantic_kind', 'error.type',
    'error.message', 'gen_ai.request.model', 'gen_ai.provider.name', 'session.id', 'user.id', 'service.version', 'status'];
  const content = { 'gen_ai.input.messages': [{ role: planted, content: planted }], 'gen_ai.tool.call.arguments': planted, token: planted, [planted]: planted };
  for (const kind of [planted, 'tool', 'llm', 'agent']) {
    await server.publish({
      ...event, dedupKey: `<b onclick=alert(1)>${kind.slice(0, 3)}`, metadata: { [planted]: planted },
      payload: { ...Object.fromEntries(names.map((it) => [it, planted])), 'axonpush.semantic_kind': kind, ...content },
    });
  }
  await visit();
  await row('<img').first().click();
  for (const part of ['event', 'timeline', 'conversation', 'attempts']) {
    await tab(part);
    await page.locator(`.panel.${part}`).waitFor();
  }
  await tab('event');
  await page.locator('[data-key="value identifier"]').click();
  await page.locator('.chip').waitFor();
  await page.locator('#filter-name').focus();
  await page.locator('#filter-name optgroup').waitFor({ state: 'attached' });
  for (const view of ['runs', 'failures', 'events']) {
    await page.locator(`[data-view="${view}"]`).click();
    await page.waitForTimeout(300);
  }
  assert.equal(await page.evaluate(() => window.planted), undefined);
  assert.equal(await page.locator('main img, main script, main b[onclick]').count(), 0);
  assert.ok((await rows())[0].includes(planted), 'it is all there, as text');
});

test('no way leads from text to HTML', async () => {
  await visit();
  const blocked = await page.evaluate(() => {
    const made = document.createElement('div');
    try {
      made.innerHTML = '<b>x</b>';
    } catch (error) {
      return error instanceof TypeError;
    }
    return false;
  });
  assert.ok(blocked, 'Trusted Types are enforced');
  problems = problems.filter((it) => !it.includes('TrustedHTML'));
});

test('clear, export and import', async () => {
  await publishRun();
  await visit();
  await page.getByText('More', { exact: true }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export' }).click()]);
  const file = await download.path();
  assert.equal(JSON.parse(readFileSync(file, 'utf8')).events.length, 4);
  page.once('dialog', (dialog) => dialog.accept());
  await page.getByRole('button', { name: 'Clear everything' }).click();
  await page.getByText('Nothing here yet').waitFor();
  await page.locator('#import').setInputFiles({ name: 'events.json', mimeType: 'application/json', buffer: readFileSync(file) });
  await row('trip').waitFor();
  assert.deepEqual(await rows(), ['trip', 'plan', 'answer', 'errorsearch']);
  await page.getByText('4 events imported.').waitFor();
});

for (const width of [1400, 400]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`every view is readable and accessible at ${width} px, ${colorScheme}`, async () => {
      await publishRun();
      await server.publish({ identifier: 'a-very-long-name-'.repeat(20), payload: { long: 'x'.repeat(3000) } });
      await page.context().close();
      page = await open({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
      const views = {
        start: '/?view=start', events: '/', event: '/?event=', runs: '/?view=runs', timeline: '/?view=runs&org=org_dev&trace=trace-1&tab=timeline',
        conversation: '/?org=org_dev&trace=trace-1&tab=conversation', failures: '/?view=failures',
      };
      const [{ number }] = (await server.call('GET', '/_dev/events?identifier=search')).events;
      for (const [name, path] of Object.entries(views)) {
        await visit(name === 'event' ? path + number : path);
        await page.waitForTimeout(400);
        await page.screenshot({ path: join(AXONPUSH_TEST_PICTURES, `${name}-${width}-${colorScheme}.png`) });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `${name} is ${overflow} px too wide`);
        // Nothing that axe looks at depends on both together.
        if (width === 400 && colorScheme === 'dark') continue;
        await page.addScriptTag({ path: AXE });
        const { violations } = await page.evaluate(() => window.axe.run());
        const serious = violations.filter((it) => ['serious', 'critical'].includes(it.impact));
        assert.deepEqual(serious.map((it) => `${name}: ${it.id}: ${it.nodes.map((node) => node.html).join(' ')}`), []);
      }
    });
  }
}
