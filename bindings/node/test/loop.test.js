// Nothing of this package blocks the event loop, and nothing takes all of libuv's threads.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, beforeEach, test } from 'node:test';

import { AT_ONCE } from '../src/calls.js';
import { DevServer, sleep } from './helpers.js';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
beforeEach(() => server.reset());
after(async () => {
  await server.reset();
  server.stop();
});

const event = (n = 0) => ({ identifier: 'step', payload: { n, text: 'x'.repeat(200) } });
const settled = (promise) => Promise.resolve(promise).then(() => 'ok', (error) => error.status);

/** The longest time for which the event loop did not turn while `work` ran. */
async function longestPause(work) {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  await work();
  await sleep(5);
  clearInterval(timer);
  return longest;
}

test('a slow server does not block the event loop', async () => {
  await server.fault({ delayMs: 500, times: 0 });
  const client = server.client({ shutdownTimeoutMs: 300 });
  const pause = await longestPause(async () => {
    const calls = [
      ...Array.from({ length: 6 }, (_, n) => client.events.publish(event(n))),
      client.events.list('ch'),
      client.events.search(),
      client.request('GET', '/apps'),
      ...Array.from({ length: 300 }, (_, n) => client.events.enqueue(event(n))),
      client.flush(700),
    ].map(settled);
    await sleep(800);
    const closing = client.close();
    await Promise.all([...calls, closing]);
  });
  // To wait for the server would take 500 ms, and for the shutdown 300.
  assert.ok(pause < 250, `${pause.toFixed(1)} ms`);
});

test('silent calls leave threads for others, and background events go on', async () => {
  await server.fault({ method: 'GET', silent: true, times: 0 });
  const client = server.client({ shutdownTimeoutMs: 200, timeoutMs: 20_000 });
  const stuck = Array.from({ length: 20 }, () => settled(client.request('GET', '/apps')));
  await sleep(200);
  assert.equal((await server.requests()).length, AT_ONCE, 'half of the threads');
  const started = performance.now();
  await Promise.all(Array.from({ length: 20 }, () => readFile(new URL(import.meta.url))));
  await client.events.enqueue(event());
  await client.flush();
  assert.ok(performance.now() - started < 500);
  await client.close();
  assert.ok(performance.now() - started < 200 + 500 + 500);
  assert.deepEqual(new Set(await Promise.all(stuck)), new Set(['AXONPUSH_ERR_CLOSED']));
});

test('a client that is stuck does not keep another from closing', async () => {
  await server.fault({ method: 'GET', silent: true, times: 0 });
  const stuck = server.client({ shutdownTimeoutMs: 100 });
  const calls = Array.from({ length: 10 }, () => settled(stuck.events.search()));
  const other = server.client();
  const waiting = settled(other.events.search());
  await sleep(50);
  const started = performance.now();
  await other.close();
  assert.ok(performance.now() - started < 1000);
  assert.equal(await waiting, 'AXONPUSH_ERR_CLOSED');
  await stuck.close();
  await Promise.all(calls);
});
