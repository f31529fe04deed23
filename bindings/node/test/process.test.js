// How processes end: each in a Node of its own.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { DevServer, runScript } from './helpers.js';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
beforeEach(() => server.reset());
after(() => server.stop());

const enqueue = (count) => `for (let n = 0; n < ${count}; n += 1) client.events.enqueue({ identifier: 'step', payload: { n } });`;

/** @param {string} code */
async function script(code, options = {}) {
  const end = await runScript(code, { url: server.url, ...options });
  assert.equal(end.stdout, '', 'nothing on stdout');
  return end;
}

test('a client that is closed lets the process end', async () => {
  const end = await script(`const client = new AxonPush(); ${enqueue(100)} await client.close();`);
  assert.deepEqual([end.code, end.stderr], [0, '']);
  assert.ok(end.ms < 5000);
  assert.equal(await server.stored(), 100);
});

test('a client that is not closed, and idle, does not keep the process alive', async () => {
  const end = await script(`const client = new AxonPush();
    await client.events.publish({ identifier: 'a', payload: {} });
    await client.events.enqueue({ identifier: 'b', payload: {} });
    new AxonPush();`);
  assert.deepEqual([end.code, end.stderr], [0, '']);
  assert.ok(end.ms < 3000);
  assert.equal(await server.stored(), 2);
});

test('events are drained when the process ends by itself', async () => {
  const end = await script(`const client = new AxonPush({ shutdownTimeoutMs: 20_000 }); ${enqueue(500)} process.exitCode = 7;`);
  assert.deepEqual([end.code, end.stderr], [7, '']);
  assert.equal(await server.stored(), 500);
});

test('events are drained by process.exit()', async () => {
  const end = await script(`const client = new AxonPush({ shutdownTimeoutMs: 20_000 }); ${enqueue(500)} process.exit(3);`);
  assert.deepEqual([end.code, end.stderr], [3, '']);
  assert.equal(await server.stored(), 500);
});

test('events enqueued by an exit handler are drained', async () => {
  const end = await script(`const client = new AxonPush(); ${enqueue(1)} process.on('exit', () => { ${enqueue(10)} });`);
  assert.equal(end.code, 0);
  assert.equal(await server.stored(), 11);
});

test('events are drained after an exception that nobody catches', async () => {
  const end = await script(`const client = new AxonPush(); ${enqueue(50)} setTimeout(() => { throw new Error('oh'); }, 1);`);
  assert.equal(end.code, 1);
  assert.match(end.stderr, /Error: oh/);
  assert.equal(await server.stored(), 50);
});

test('whoever awaits an event keeps the process alive', async () => {
  await server.fault({ path: '/event', delayMs: 700 });
  const end = await script(`const client = new AxonPush({ shutdownTimeoutMs: 100 });
    const response = await client.events.enqueue({ identifier: 'a', payload: {} });
    process.exitCode = response.eventId ? 5 : 6;`);
  assert.deepEqual([end.code, end.stderr], [5, '']);
});

test('so do flush(), and events that wait for room', async () => {
  await server.fault({ path: '/event', delayMs: 400 });
  const flush = await script(`const client = new AxonPush({ shutdownTimeoutMs: 100 }); ${enqueue(1)} await client.flush(); process.exitCode = 5;`);
  assert.deepEqual([flush.code, flush.stderr], [5, '']);
  await server.reset();
  const room = await script(`const client = new AxonPush({ queueMaxEvents: 2, overflow: 'block' }); ${enqueue(100)}`);
  assert.deepEqual([room.code, room.stderr], [0, '']);
  assert.equal(await server.stored(), 100);
});

test('with the service gone, events that nobody awaits hold the process for shutdownTimeoutMs only', async () => {
  await server.fault({ path: '/event', silent: true, times: 0 });
  for (const leave of ['', 'process.exit();']) {
    const end = await script(`const client = new AxonPush({ shutdownTimeoutMs: 300 }); ${enqueue(20)} ${leave}`);
    assert.equal(end.code, 0);
    assert.match(end.stderr, /axonpush: warning: shutdown: 20 events/);
    assert.ok(end.ms < 300 + 500 + 2500, `${end.ms} ms`);
  }
});

test('process.exit() is not held up by calls that are stuck', async () => {
  await server.fault({ silent: true, times: 0 });
  const end = await script(`const client = new AxonPush({ shutdownTimeoutMs: 300 });
    for (let n = 0; n < 10; n += 1) client.events.publish({ identifier: 'a', payload: {} });
    client.events.list('ch');
    await sleep(200);
    process.exit(4);`);
  assert.equal(end.code, 4);
  assert.ok(end.ms < 300 + 500 + 2500, `${end.ms} ms`);
});

test('process.exit() while closing', async () => {
  const end = await script(`const client = new AxonPush(); ${enqueue(100)} client.close(); process.exit(4);`);
  assert.equal(end.code, 4);
  assert.equal(await server.stored(), 100);
});

test('failures that nobody looks at are no unhandled rejections', async () => {
  await server.fault({ path: '/event', status: 422, times: 0 });
  const end = await script(`setLogLevel('off');
    const client = new AxonPush({ queueMaxEvents: 2, overflow: 'drop_newest' }); ${enqueue(10)}
    await client.flush();
    await client.close();
    ${enqueue(2)}
    await sleep(20);`);
  assert.equal(end.code, 0);
  assert.match(end.stderr, /^\(node:\d+\) AxonPushWarning: an event was refused/);
  assert.equal(end.stderr.match(/AxonPushWarning/g)?.length, 1, 'said once');
});

test('one that somebody derived a promise from is', async () => {
  await server.fault({ path: '/event', status: 422, times: 0 });
  const end = await script(`setLogLevel('off'); const client = new AxonPush();
    client.events.enqueue({ identifier: 'a', payload: {} }).then(() => {}); await sleep(1000);`);
  assert.equal(end.code, 1);
  assert.match(end.stderr, /AXONPUSH_ERR_VALIDATION/);
});

test('logging goes to stderr, as far as the level says', async () => {
  const dead = `const client = new AxonPush({ baseUrl: 'http://127.0.0.1:1', maxRetries: 0 }); await client.events.publish({ identifier: 'a', payload: {} });`;
  assert.match((await script(dead)).stderr, /^axonpush: warning: POST \/event failed/);
  assert.equal((await script(`setLogLevel('off'); ${dead}`)).stderr, '');
  assert.equal((await script(`setLogLevel('error'); ${dead}`)).stderr, '');
  assert.equal((await script(dead, { env: { AXONPUSH_LOG: 'off' } })).stderr, '');
});

test('worker threads have clients of their own, and may end at any time', async () => {
  const end = await script(`
    import { Worker } from 'node:worker_threads';
    const code = \`
      const { workerData, parentPort } = await import('node:worker_threads');
      import(workerData.module).then(async ({ AxonPush }) => {
        const client = new AxonPush({ maxRetries: 0, timeoutMs: 1000 });
        for (let n = 0; n < 50; n += 1) client.events.enqueue({ identifier: 'w', payload: { n } });
        await client.events.publish({ identifier: 'w', payload: {} });
        parentPort.postMessage('ready');
        if (workerData.close) await client.close();
        if (workerData.stay) setInterval(() => {}, 1000);
      });\`;
    const module = ${JSON.stringify(new URL('../src/index.js', import.meta.url).href)};
    for (const data of [{ close: true }, {}, { stay: true }, { stay: true }]) {
      const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(code)), { workerData: { module, ...data } });
      const exit = new Promise((resolve) => worker.once('exit', resolve)); // It may come in the tick of the last message.
      await new Promise((resolve, reject) => { worker.once('message', resolve); worker.once('error', reject); });
      if (data.stay) await worker.terminate();
      else await exit;
    }
    const client = new AxonPush();
    await client.events.enqueue({ identifier: 'main', payload: {} });
    await client.close();`);
  assert.deepEqual([end.code, end.stderr], [0, '']);
  assert.equal(await server.stored(), 4 * 51 + 1);
});
