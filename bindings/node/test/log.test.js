// The library's own log, as a function.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';

import { setLogLevel } from '../src/index.js';
import { DEAD, DevServer, runScript, sleep } from './helpers.js';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
beforeEach(() => server.reset());
afterEach(() => setLogLevel('warn', { log: null }));
after(async () => {
  await server.reset();
  server.stop();
});

async function until(condition) {
  for (let n = 0; n < 500 && !condition(); n += 1) await sleep(10);
  assert.ok(condition());
}

const event = { identifier: 'step', payload: {} };

test('lines go to the function, whoever writes them', async () => {
  const lines = [];
  const log = (level, message) => lines.push([level, message]);
  const dead = server.client({ baseUrl: DEAD, maxRetries: 0, log });
  await dead.events.publish(event);
  assert.deepEqual([lines.length, lines[0][0]], [1, 'warn']);
  assert.match(lines[0][1], /^POST \/event failed: .*fail-open/);
  // The function is the process's: other clients have it, too.
  await server.client({ baseUrl: DEAD, maxRetries: 0 }).events.list('ch');
  assert.match(lines[1][1], /^GET \/events.* failed/);
  // Threads in the background write, too.
  server.client({ baseUrl: DEAD, shutdownTimeoutMs: 50 }).events.enqueue(event);
  await until(() => lines.length === 3);
  assert.match(lines[2][1], /^POST \/event failed: .*events wait/);
  assert.equal(dead.stats().logLinesLost, 0);
});

test('the level says how many, and `null` is stderr again', async () => {
  const lines = [];
  setLogLevel('debug', { log: (level, message) => lines.push(`${level}: ${message}`) });
  const client = server.client();
  await client.events.publish(event);
  assert.ok(lines.some((line) => line.startsWith('debug: ')), lines.join('\n'));
  lines.length = 0;
  setLogLevel('error');
  await server.client({ baseUrl: DEAD, maxRetries: 0 }).events.publish(event);
  assert.deepEqual(lines, []);
  setLogLevel('warn');
  await server.client({ baseUrl: DEAD, maxRetries: 0 }).events.publish(event);
  assert.equal(lines.length, 1);
  const end = await runScript(`
    setLogLevel('warn', { log: () => console.log('function') });
    setLogLevel('warn', { log: null });
    await new AxonPush({ maxRetries: 0, proxy: '' }).events.publish({ identifier: 'a', payload: {} });`);
  assert.equal(end.stdout, '');
  assert.match(end.stderr, /^axonpush: warning: POST \/event failed/);
  assert.throws(() => setLogLevel(/** @type {any} */ ('verbose')), { message: /level: expected one of off, error/ });
  assert.throws(() => setLogLevel('warn', { log: /** @type {any} */ ('stderr') }), { message: 'log: expected a function, got string' });
});

test('AXONPUSH_LOG sets the level of the function, too', async () => {
  const code = `await new AxonPush({ maxRetries: 0, proxy: '', log: (level) => console.log(level) }).events.publish({ identifier: 'a', payload: {} });`;
  assert.deepEqual([(await runScript(code, { env: { AXONPUSH_LOG: 'off' } })).stdout, (await runScript(code)).stdout], ['', 'warn\n']);
});

test('dropped events are said in the words of this package', async () => {
  const lines = [];
  await server.fault({ path: '/event', silent: true, times: 0 });
  const client = server.client({ queueMaxEvents: 2, shutdownTimeoutMs: 50, log: (level, message) => lines.push(message) });
  for (let n = 0; n < 50; n += 1) client.events.enqueue(event);
  await client.close();
  const said = lines.filter((line) => /queueMaxEvents/.test(line));
  assert.ok(said.length >= 1, lines.join('\n'));
  assert.ok(!lines.some((line) => line.includes('queue_max_events')));
});

test('a function that throws, or calls the client, does no harm', async () => {
  const warnings = [];
  const noticed = (warning) => warnings.push(warning.message);
  process.on('warning', noticed);
  let called = 0;
  const client = server.client({ baseUrl: DEAD, maxRetries: 0, shutdownTimeoutMs: 50, log: () => {
    called += 1;
    client.events.enqueue(event);
    client.stats();
    throw new Error('a broken logger');
  } });
  assert.equal(await client.events.publish(event), null);
  await client.close();
  process.off('warning', noticed);
  assert.ok(called > 0);
  assert.match(warnings[0], /^the log function has thrown: a broken logger/);
});

test('what is said at the end of the process is not lost', async () => {
  const leave = `const client = new AxonPush({ proxy: '', shutdownTimeoutMs: 100, log: (level, message) => console.log('function ' + message) });
    for (let n = 0; n < 5; n += 1) client.events.enqueue({ identifier: 'a', payload: {} });`;
  const end = await runScript(`${leave} process.exit(0);`);
  assert.match(end.stdout + end.stderr, /shutdown: 5 events were not delivered/);
  const busy = await runScript(`${leave} client.events.publish({ identifier: 'a', payload: {} }); await sleep(50); process.exit(0);`);
  assert.match(busy.stdout, /function .*shutdown: 5 events were not delivered/);
});
