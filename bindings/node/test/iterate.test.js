import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { load } from '../src/library.js';
import { DEAD, DevServer, sleep } from './helpers.js';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
beforeEach(() => server.reset());
after(async () => {
  await server.reset();
  server.stop();
});

async function publish(client, count, channelId = 'ch_1') {
  for (let n = 0; n < count; n += 1) client.events.enqueue({ identifier: 'step', payload: { n }, channelId });
  await client.flush();
}

async function all(iterator) {
  const events = [];
  for await (const event of iterator) events.push(event);
  return events;
}

test('all events of a channel, each once, over many pages', async () => {
  const client = server.client();
  await publish(client, 230);
  await publish(client, 3, 'ch_2');
  for (const limit of [7, 100, undefined]) {
    const events = await all(client.events.iterate('ch_1', { limit }));
    assert.equal(events.length, 230);
    assert.deepEqual(new Set(events.map((event) => event.payload.n)).size, 230);
    assert.ok(events.every((event) => event.channelId === 'ch_1'));
    const times = events.map((event) => event.createdAt);
    assert.deepEqual(times, times.toSorted().reverse());
  }
  assert.equal((await all(client.events.iterate(null, { limit: 50 }))).length, 233);
  assert.equal((await all(client.events.iterate())).length, 233);
  assert.deepEqual(await all(client.events.iterate('ch_3')), []);
});

test('an iterator that is left early fetches no more pages, and the event loop is free meanwhile', async () => {
  const client = server.client();
  await publish(client, 60);
  await server.fault({ path: '/events', delayMs: 300 });
  const before = (await server.requests()).length;
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), 10);
  let seen = 0;
  for await (const event of client.events.iterate('ch_1', { limit: 10 })) {
    assert.equal(event.channelId, 'ch_1');
    seen += 1;
    if (seen === 15) break;
  }
  clearInterval(timer);
  const requests = (await server.requests()).slice(before).filter(({ target }) => target.startsWith('/events'));
  assert.equal(requests.length, 2);
  assert.ok(ticks >= 10, `${ticks} ticks`);
});

test('failures', async () => {
  const open = server.client({ baseUrl: DEAD, maxRetries: 0 });
  assert.deepEqual(await all(open.events.iterate('ch_1')), []);
  const strict = server.client({ baseUrl: DEAD, maxRetries: 0, failOpen: false });
  await assert.rejects(all(strict.events.iterate('ch_1')), { status: 'AXONPUSH_ERR_CONNECTION' });
  const client = server.client();
  await assert.rejects(all(client.events.iterate('ch_1', /** @type {any} */ ({ limt: 1 }))), { status: 'AXONPUSH_ERR_INVALID_ARGUMENT' });
  await assert.rejects(all(client.events.iterate('ch_1', { limit: 501 })), { status: 'AXONPUSH_ERR_INVALID_ARGUMENT' });
  await assert.rejects(all(client.events.iterate(/** @type {any} */ (7))), { status: 'AXONPUSH_ERR_INVALID_ARGUMENT' });
  await server.fault({ path: '/events', status: 401 });
  await assert.rejects(all(client.events.iterate('ch_1')), { status: 'AXONPUSH_ERR_AUTHENTICATION' });
});

test('an iterator ends with its client', async () => {
  const client = server.client();
  await publish(client, 20);
  const iterator = client.events.iterate('ch_1', { limit: 5 });
  assert.equal((await iterator.next()).done, false);
  await client.close();
  await assert.rejects(async () => {
    for (let n = 0; n < 10; n += 1) await iterator.next();
  }, { status: 'AXONPUSH_ERR_CLOSED' });
  assert.equal((await iterator.next()).done, true);
  await assert.rejects(all(client.events.iterate('ch_1')), { status: 'AXONPUSH_ERR_INVALID_HANDLE' });
});

test('every iterator is freed once: finished, left, failed, or unreachable', async () => {
  const library = load(undefined);
  const { iterFree } = library;
  const freed = [];
  library.iterFree = /** @type {any} */ ((address) => {
    freed.push(address);
    iterFree(address);
  });
  try {
    const client = server.client();
    await publish(client, 20);
    await all(client.events.iterate('ch_1'));
    for await (const event of client.events.iterate('ch_1')) if (event) break;
    await server.fault({ path: '/events', status: 401 });
    await assert.rejects(all(client.events.iterate('ch_1')), { status: 'AXONPUSH_ERR_AUTHENTICATION' });
    assert.equal(freed.length, 3);
    const abandon = async () => void (await Promise.all(Array.from({ length: 30 }, () => client.events.iterate('ch_1', { limit: 5 }).next())));
    await abandon();
    for (let n = 0; n < 100 && freed.length < 30; n += 1) {
      globalThis.gc?.();
      await sleep(10);
    }
    assert.ok(freed.length >= 30 && freed.length <= 33, `${freed.length} freed`);
  } finally {
    library.iterFree = iterFree;
  }
});
