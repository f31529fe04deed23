import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { AxonPushError, AxonPushResponse } from '../src/index.js';
import { DEAD, DevServer, sleep } from './helpers.js';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
beforeEach(() => server.reset());
after(async () => {
  await server.reset();
  server.stop();
});

const event = (n = 0) => ({ identifier: 'step', payload: { n } });
const statusOf = (delivery) => delivery.then((response) => (response === null ? null : 'ok'), (error) => error.status);

/** @param {Promise<unknown>[]} deliveries */
async function outcomes(deliveries) {
  const counts = {};
  for (const status of await Promise.all(deliveries.map(statusOf))) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

test('1,000 events have one result each', async () => {
  const client = server.client();
  let results = 0;
  const deliveries = Array.from({ length: 1000 }, (_, n) => client.events.enqueue(event(n)));
  for (const delivery of deliveries) delivery.finally(() => (results += 1));
  const responses = await Promise.all(deliveries);
  assert.ok(responses.every((response) => response instanceof AxonPushResponse));
  assert.equal(new Set(responses.map((response) => response.eventId)).size, 1000);
  await sleep(50);
  assert.equal(results, 1000);
  assert.equal(await server.stored(), 1000);
  const { accepted, delivered, queuedEvents } = client.stats();
  assert.deepEqual({ accepted, delivered, queuedEvents }, { accepted: 1000, delivered: 1000, queuedEvents: 0 });
});

test('events are started in the order of enqueue', async () => {
  const client = server.client({ maxConnections: 1 });
  for (let n = 0; n < 200; n += 1) client.events.enqueue(event(n));
  await client.flush();
  const order = (await server.requests()).map((request) => JSON.parse(request.body).payload.n);
  assert.deepEqual(order, Array.from({ length: 200 }, (_, n) => n));
});

test('what the service refuses is rejected, and holds nothing up', async () => {
  await server.fault({ path: '/event', status: 422, body: { code: 'validation_error', message: 'no', requestId: 'r1' } });
  const client = server.client();
  const refused = client.events.enqueue(event());
  const fine = client.events.enqueue(event());
  await assert.rejects(async () => refused, (error) => {
    assert.ok(error instanceof AxonPushError);
    assert.deepEqual([error.status, error.httpStatus, error.code, error.requestId], ['AXONPUSH_ERR_VALIDATION', 422, 'validation_error', 'r1']);
    return true;
  });
  assert.match((await fine).eventId, /^evt_/);
});

test('a delivery is a promise in every way of use', async () => {
  const client = server.client();
  assert.match((await client.events.enqueue(event())).eventId, /^evt_/);
  assert.match((await Promise.race([client.events.enqueue(event())])).eventId, /^evt_/);
  assert.deepEqual((await Promise.allSettled([client.events.enqueue(event())])).map((r) => r.status), ['fulfilled']);
  assert.equal(await client.events.enqueue(/** @type {any} */ ({})).catch((error) => error.status), 'AXONPUSH_ERR_INVALID_ARGUMENT');
  const late = client.events.enqueue(event());
  await client.flush();
  const first = await late;
  assert.equal(await late, first, 'however often and however late it is awaited');
  await late.accepted;
  assert.equal(Object.prototype.toString.call(late), '[object Delivery]');
  const bad = client.events.enqueue(/** @type {any} */ ({}));
  await assert.rejects(bad.accepted, { status: 'AXONPUSH_ERR_INVALID_ARGUMENT' });
});

test('given up under fail-open is null, and in strict mode an error', async () => {
  const options = { baseUrl: DEAD, deliveryTimeoutMs: 300 };
  assert.equal(await server.client(options).events.enqueue(event()), null);
  const strict = server.client({ ...options, failOpen: false });
  assert.equal(await statusOf(strict.events.enqueue(event())), 'AXONPUSH_ERR_CONNECTION');
  assert.equal(strict.stats().expired, 1);
});

test('flush waits for what was enqueued before, and no longer than its timeout', async () => {
  await server.fault({ path: '/event', delayMs: 400, times: 3 });
  const client = server.client();
  await client.flush(0);
  const ended = [];
  for (let n = 0; n < 3; n += 1) client.events.enqueue(event(n)).then(() => ended.push(n));
  const started = performance.now();
  await assert.rejects(client.flush(100), { status: 'AXONPUSH_ERR_TIMEOUT', message: /^flush: 3 events/ });
  assert.ok(performance.now() - started < 350);
  await client.flush(10_000);
  assert.equal(ended.length, 3);

  await server.fault({ path: '/event', skip: 1, delayMs: 1500 });
  client.events.enqueue(event());
  const flushed = client.flush(10_000);
  const later = client.events.enqueue(event());
  const since = performance.now();
  await flushed;
  assert.ok(performance.now() - since < 1200, 'the event enqueued later is not waited for');
  await later;
});

test('a full queue drops the oldest, refuses the newest, or has it wait', async () => {
  await server.fault({ path: '/event', delayMs: 300 });
  const limits = { queueMaxEvents: 2, maxConnections: 1 };
  const oldest = server.client(limits);
  const olds = [];
  for (let n = 0; n < 5; n += 1) olds.push(oldest.events.enqueue(event(n)));
  assert.deepEqual(await outcomes(olds), { ok: 2, AXONPUSH_ERR_QUEUE_FULL: 3 });
  assert.equal(await statusOf(olds[4]), 'ok');

  await server.reset();
  await server.fault({ path: '/event', delayMs: 300 });
  const newest = server.client({ ...limits, overflow: 'drop_newest' });
  const news = [];
  for (let n = 0; n < 5; n += 1) news.push(newest.events.enqueue(event(n)));
  assert.deepEqual(await Promise.all(news.map(statusOf)), ['ok', 'ok', ...Array(3).fill('AXONPUSH_ERR_QUEUE_FULL')]);

  await server.reset();
  await server.fault({ path: '/event', delayMs: 300 });
  const block = server.client({ ...limits, overflow: 'block' });
  const started = performance.now();
  const waiting = [];
  for (let n = 0; n < 50; n += 1) waiting.push(block.events.enqueue(event(n)));
  assert.ok(performance.now() - started < 200, 'enqueue itself never blocks');
  await waiting[1].accepted;
  assert.ok(performance.now() - started < 250);
  await waiting[2].accepted;
  assert.ok(performance.now() - started > 250, 'there is room when the first has ended');
  await block.flush();
  assert.deepEqual(await outcomes(waiting), { ok: 50 });
  const order = (await server.requests()).map((request) => JSON.parse(request.body).payload.n);
  assert.deepEqual(order, Array.from({ length: 50 }, (_, n) => n));
});

test('an event waits for room no longer than blockTimeoutMs', async () => {
  await server.fault({ path: '/event', silent: true, times: 1 });
  const client = server.client({ queueMaxEvents: 1, maxConnections: 1, overflow: 'block', blockTimeoutMs: 150, timeoutMs: 800 });
  const deliveries = Array.from({ length: 4 }, (_, n) => client.events.enqueue(event(n)));
  await assert.rejects(deliveries[1].accepted, { status: 'AXONPUSH_ERR_QUEUE_FULL', message: /blockTimeoutMs/ });
  assert.deepEqual(await outcomes(deliveries.slice(1)), { AXONPUSH_ERR_QUEUE_FULL: 3 });
  await client.flush();
  assert.equal(await statusOf(deliveries[0]), 'ok');
  await client.events.enqueue(event());
  assert.throws(() => server.client({ blockTimeoutMs: -1 }), { message: /blockTimeoutMs/ });
});

test('an event that no queue could hold does not wait for room', async () => {
  const client = server.client({ queueMaxBytes: 2000, overflow: 'block' });
  const big = client.events.enqueue({ identifier: 'big', payload: { text: 'x'.repeat(10_000) } });
  const status = await statusOf(big);
  assert.ok(['AXONPUSH_ERR_QUEUE_FULL', 'AXONPUSH_ERR_INVALID_ARGUMENT'].includes(status), status);
  await client.events.enqueue(event());
});

test('closing while events wait for room ends their wait', async () => {
  await server.fault({ path: '/event', silent: true, times: 0 });
  const client = server.client({ queueMaxEvents: 1, overflow: 'block', shutdownTimeoutMs: 200 });
  const deliveries = Array.from({ length: 4 }, (_, n) => client.events.enqueue(event(n)));
  const refused = deliveries[3].accepted.catch((error) => error.status);
  await client.close();
  assert.deepEqual(await outcomes(deliveries), { AXONPUSH_ERR_CLOSED: 4 });
  assert.equal(await refused, 'AXONPUSH_ERR_CLOSED');
});

test('close while busy: it is in time, and every event and call has its result', async () => {
  await server.fault({ path: '/event', skip: 20, silent: true, times: 0 });
  const client = server.client({ shutdownTimeoutMs: 300, failOpen: false });
  const deliveries = Array.from({ length: 500 }, (_, n) => client.events.enqueue(event(n)));
  await client.flush(500).catch(() => {});
  const calls = outcomes(Array.from({ length: 10 }, () => client.events.publish(event())));
  const flushed = client.flush().then(() => 'ended');
  await sleep(50);
  const started = performance.now();
  await client.close();
  assert.ok(performance.now() - started < 300 + 500 + 300, 'within shutdownTimeoutMs and half a second');
  assert.deepEqual(await outcomes(deliveries), { ok: 20, AXONPUSH_ERR_CLOSED: 480 });
  assert.deepEqual(await calls, { AXONPUSH_ERR_CLOSED: 10 });
  assert.equal(await flushed, 'ended');
});

test('close delivers what it can', async () => {
  const client = server.client();
  const deliveries = Array.from({ length: 300 }, (_, n) => client.events.enqueue(event(n)));
  client[Symbol.dispose]();
  assert.deepEqual(await outcomes(deliveries), { ok: 300 });
  await client.close();
});

test('shutdown says what was lost, and leaves the counters readable', async () => {
  await server.fault({ path: '/event', silent: true, times: 0 });
  const client = server.client();
  const lost = client.events.enqueue(event());
  await assert.rejects(client.shutdown(100), { status: 'AXONPUSH_ERR_TIMEOUT', message: /1 event/ });
  assert.equal(await statusOf(lost), 'AXONPUSH_ERR_CLOSED');
  const { accepted, abandoned } = client.stats();
  assert.deepEqual({ accepted, abandoned }, { accepted: 1, abandoned: 1 });
});

test('a result is there soon after the response, while the thread is idle', async () => {
  const client = server.client();
  await client.events.enqueue(event());
  const times = [];
  for (let n = 0; n < 100; n += 1) {
    const started = performance.now();
    await client.events.enqueue(event(n));
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  assert.ok(times[50] < 20, `median ${times[50].toFixed(2)} ms`);
});
