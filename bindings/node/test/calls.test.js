// Calls that take long: one silent service does not hold up the clients of others, and every call can be cancelled or given a deadline.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';

import { AT_ONCE, Calls } from '../src/calls.js';
import { AxonPush, AxonPushError } from '../src/index.js';
import { DevServer, runScript, sleep } from './helpers.js';

/** @type {DevServer} */
let server;
/** A service that takes every request and never responds. */
let silent;
before(async () => {
  server = await DevServer.start();
  silent = await DevServer.start();
});
beforeEach(async () => {
  await Promise.all([server.reset(), silent.reset()]);
  await silent.fault({ silent: true, times: 0 });
});
after(async () => {
  await Promise.all([server.reset(), silent.reset()]);
  server.stop();
  silent.stop();
});

const event = (n = 0) => ({ identifier: 'step', payload: { n } });
const settled = (promise) => Promise.resolve(promise).then((value) => (value === null ? null : 'ok'), (error) => error.status ?? error);
const threads = () => readdirSync('/proc/self/task').length;

/** Waits until a condition holds. */
async function until(condition, what) {
  for (let n = 0; n < 1000; n += 1) {
    if (await condition()) return;
    await sleep(10);
  }
  assert.fail(`never: ${what}`);
}

const received = (count) => until(async () => (await silent.requests()).length === count, `${count} requests at the silent service`);

test('one silent service does not hold up the clients of others', async () => {
  const stuck = silent.client({ shutdownTimeoutMs: 50 });
  const calls = Array.from({ length: 20 }, () => settled(stuck.events.publish(event())));
  await received(AT_ONCE);
  let ended = false;
  void Promise.race(calls).then(() => (ended = true));
  const healthy = server.client();
  for (let n = 0; n < 5; n += 1) assert.match((await healthy.events.publish(event(n))).eventId, /^evt_/);
  assert.equal((await healthy.events.search()).length, 5);
  const many = Array.from({ length: 20 }, (_, n) => settled(healthy.events.publish(event(n))));
  assert.deepEqual(new Set(await Promise.all(many)), new Set(['ok']));
  assert.equal((await silent.requests()).length, AT_ONCE, 'the silent service still holds no more threads');
  await readFile(new URL(import.meta.url));
  assert.equal(ended, false, 'all that happened while the first calls were in progress');
  await stuck.close();
  assert.deepEqual(new Set(await Promise.all(calls)), new Set(['AXONPUSH_ERR_CLOSED']));
});

test('nor do many silent clients, each of which still makes calls', async () => {
  const stuck = Array.from({ length: 5 }, () => silent.client({ shutdownTimeoutMs: 50 }));
  const calls = stuck.flatMap((client) => [1, 2, 3].map((n) => settled(client.events.publish(event(n)))));
  // The first client has the threads of the pool, the others have one thread each.
  await received(AT_ONCE + 4);
  const healthy = server.client();
  assert.match((await healthy.events.publish(event())).eventId, /^evt_/);
  await readFile(new URL(import.meta.url));
  await Promise.all(stuck.map((client) => client.close()));
  assert.deepEqual(new Set(await Promise.all(calls)), new Set(['AXONPUSH_ERR_CLOSED']));
});

test('a client’s own thread ends with the client, and does not run what the application preloads', async (t) => {
  const before = threads();
  const stuck = silent.client({ shutdownTimeoutMs: 50 });
  const calls = [settled(stuck.events.publish(event())), settled(stuck.events.publish(event()))];
  await received(2);
  const healthy = server.client();
  await healthy.events.publish(event());
  const with2 = threads();
  assert.ok(with2 > before);
  await Promise.all([healthy.close(), stuck.close(), ...calls]);
  await until(() => threads() < with2, 'fewer threads');

  const folder = mkdtempSync(join(tmpdir(), 'axonpush-preload-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'preload.mjs'), 'console.log("preloaded");');
  const end = await runScript(
    `const stuck = new AxonPush({ baseUrl: '${silent.url}', shutdownTimeoutMs: 50 });
    for (let n = 0; n < 4; n += 1) stuck.events.publish({ identifier: 'a', payload: {} }).catch(() => {});
    await sleep(100);
    const client = new AxonPush({ baseUrl: '${server.url}' });
    console.log((await client.events.publish({ identifier: 'b', payload: {} })).httpStatus);
    process.exit(0);`,
    { env: { NODE_OPTIONS: `--import ${join(folder, 'preload.mjs')}`, UV_THREADPOOL_SIZE: '2' } },
  );
  assert.deepEqual([end.code, end.stdout], [0, 'preloaded\n200\n'], end.stderr);
});

test('where no thread can be started, the pool has to do', async () => {
  // A library of which a thread of its own would find nothing.
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const native = { async: (number, done) => void held.then(() => done(null, number)) };
  const library = /** @type {any} */ ({ path: '/nonexistent/libaxonpush.so', waiting: new Map([['call', native]]) });
  const [first, second] = [new Calls(library), new Calls(library)];
  const calls = Array.from({ length: AT_ONCE }, () => first.run('call', () => [7]).status);
  const other = second.run('call', () => [8]);
  await until(() => second.running === 1, 'the other client has tried to start a thread');
  const late = second.run('call', () => [9]);
  release();
  assert.deepEqual(await Promise.all([...calls, other.status, late.status]), [...Array(AT_ONCE).fill(7), 8, 9]);
});

test('a call that is cancelled ends at once, here and at the service', async () => {
  const client = silent.client({ failOpen: false });
  const controller = new AbortController();
  const { signal } = controller;
  const warnings = [];
  process.on('warning', (warning) => warnings.push(warning.message));
  const calls = [
    ...Array.from({ length: 20 }, () => client.events.publish(event(), { signal })),
    client.events.publish(event(), { signal }),
    client.events.list('ch', undefined, { signal }),
    client.events.search({}, { signal }),
    client.request('GET', '/apps', { signal }),
    client.apps.list({ signal }),
    client.apps.create('shop', { signal }),
    client.traces.list({}, { signal }),
    client.events.iterate('ch', {}, { signal }).next(),
  ].map(settled);
  await received(AT_ONCE);
  const reason = new Error('not needed any more');
  controller.abort(reason);
  for (const outcome of await Promise.all(calls)) assert.equal(outcome, reason);
  await until(async () => (await silent.requests()).every(({ outcome }) => outcome === 'client left'), 'the requests are interrupted');
  assert.equal((await silent.requests()).length, AT_ONCE, 'the calls that waited were not made');
  // The threads are free again.
  await silent.clearFaults();
  assert.equal(await settled(client.events.publish(event())), 'ok');
  assert.deepEqual(warnings, []);
  const { accepted, queuedEvents } = client.stats();
  assert.deepEqual([accepted, queuedEvents], [0, 0]);
});

test('a signal that has aborted, or aborts later, and AbortSignal.timeout()', async () => {
  const client = server.client();
  const aborted = AbortSignal.abort();
  for (const call of [client.events.publish(event(), { signal: aborted }), client.events.iterate('ch', {}, { signal: aborted }).next(), client.flush(10, { signal: aborted }), client.apps.get('x', { signal: aborted })]) {
    await assert.rejects(call, { name: 'AbortError' });
  }
  assert.deepEqual(await server.requests(), []);
  const controller = new AbortController();
  assert.equal(await settled(client.events.publish(event(), { signal: controller.signal })), 'ok');
  controller.abort();
  assert.equal(await settled(client.events.publish(event())), 'ok', 'the client does not mind');
  const stuck = silent.client();
  await assert.rejects(stuck.events.publish(event(), { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' });
});

test('an iterator that is cancelled in its second page ends there', async () => {
  const client = server.client();
  for (let n = 0; n < 20; n += 1) client.events.enqueue({ ...event(n), channelId: 'ch_1' });
  await client.flush();
  await server.fault({ path: '/events', skip: 1, silent: true, times: 0 });
  const controller = new AbortController();
  const iterator = client.events.iterate('ch_1', { limit: 10 }, { signal: controller.signal });
  let seen = 0;
  await assert.rejects(async () => {
    for await (const each of iterator) {
      seen += 1;
      if (seen === 10) setTimeout(() => controller.abort(), 50);
      assert.equal(each.channelId, 'ch_1');
    }
  }, { name: 'AbortError' });
  assert.equal(seen, 10);
  assert.deepEqual(await iterator.next(), { value: undefined, done: true });
});

test('a deadline is for the whole call, retries and waits included', async () => {
  await server.fault({ status: 429, headers: { 'Retry-After': '20' }, times: 0 });
  const strict = server.client({ failOpen: false });
  assert.equal(await settled(strict.events.publish(event(), { timeoutMs: 300 })), 'AXONPUSH_ERR_RATE_LIMIT', 'the wait would not fit into the deadline');
  const stuck = silent.client({ failOpen: false });
  const calls = Array.from({ length: AT_ONCE + 2 }, () => settled(stuck.events.publish(event(), { timeoutMs: 300 })));
  assert.deepEqual(new Set(await Promise.all(calls)), new Set(['AXONPUSH_ERR_CONNECTION']), 'also for calls that waited for a thread');
  const open = silent.client();
  assert.equal(await open.events.publish(event(), { timeoutMs: 100 }), null);
  assert.deepEqual(await open.events.list('ch', {}, { timeoutMs: 100 }), []);
  assert.deepEqual(await open.apps.list({ timeoutMs: 100 }), []);
  assert.deepEqual((await open.events.iterate('ch', {}, { timeoutMs: 100 }).next()), { value: undefined, done: true });
  assert.equal(await settled(server.client({ baseUrl: silent.url }).events.publish(event(), { timeoutMs: 100 })), null);
});

test('options of a call that cannot be used are refused before anything is sent', async () => {
  const client = server.client();
  for (const [options, message] of /** @type {[any, RegExp][]} */ ([
    [{ timeoutMs: 0 }, /timeoutMs/], [{ timeoutMs: 1.5 }, /timeoutMs/], [{ timeoutMs: '5' }, /timeoutMs/], [{ signal: 7 }, /signal/],
    [{ timeout: 5 }, /options\.timeout: there is no such/], ['x', /options/],
  ])) {
    for (const call of [client.events.publish(event(), options), client.events.search({}, options), client.events.iterate('ch', {}, options).next(), client.apps.get('x', options), ...(options === 'x' ? [] : [client.request('GET', '/x', options)])]) {
      await assert.rejects(call, (error) => {
        assert.ok(error instanceof AxonPushError);
        assert.equal(error.status, 'AXONPUSH_ERR_INVALID_ARGUMENT');
        assert.match(error.message, message);
        return true;
      });
    }
  }
  await assert.rejects(client.apps.get('x', {}, /** @type {any} */ ('more')), { message: 'apps.get: too many arguments' });
  await assert.rejects(client.organizations.update(/** @type {any} */ ([]), {}), { message: 'changes: expected an object' });
  assert.deepEqual(await server.requests(), []);
});

test('flush() and shutdown() can be cancelled, and the client closes all the same', async () => {
  const client = silent.client({ shutdownTimeoutMs: 50 });
  const lost = settled(client.events.enqueue(event()));
  await assert.rejects(client.flush(20_000, { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' });
  await assert.rejects(client.shutdown(20_000, { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' });
  assert.equal(client.stats().queuedEvents, 1);
  await assert.rejects(async () => client.events.publish(event()), { status: 'AXONPUSH_ERR_CLOSED' });
  await client.close();
  assert.equal(await lost, 'AXONPUSH_ERR_CLOSED');
});

test('an event that waits to be tried again is tried soon while somebody flushes or closes', async () => {
  for (const end of ['flush', 'shutdown', 'close']) {
    await server.reset();
    // The backoff by itself would come to the fifth attempt after 3 seconds at the earliest.
    await server.fault({ path: '/event', status: 503, times: 4 });
    const client = server.client({ shutdownTimeoutMs: 2500 });
    const delivery = client.events.enqueue(event());
    await client[end](2500);
    assert.equal(await settled(delivery), 'ok', end);
  }
});

test('more clients than koffi has calls can be closed at once', async () => {
  const clients = Array.from({ length: 600 }, () => new AxonPush({ apiKey: 'ak_test', baseUrl: server.url, proxy: '' }));
  await Promise.all(clients.map((client) => client.close()));
});
