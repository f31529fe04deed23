// What a program is told when something fails: where it was, in its own language's words, and only if it can do something about it.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';

import { AxonPushError } from '../src/index.js';
import { DEAD, DevServer, runScript, sleep } from './helpers.js';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
beforeEach(() => server.reset());
after(async () => {
  await server.reset();
  server.stop();
});

const event = { identifier: 'step', payload: { n: 1 } };

/** @param {() => Promise<unknown>} call */
async function failureOf(call) {
  const error = await call().then(() => assert.fail('it did not fail'), (error) => error);
  assert.ok(error instanceof AxonPushError, String(error));
  return error;
}

test('an error has the frames of the caller, whoever waits for it', async () => {
  await server.fault({ status: 401, times: 0 });
  const client = server.client();
  const calls = {
    publishNow: async () => await client.events.publish(event),
    listNow: async () => await client.events.list('ch'),
    searchNow: async () => await client.events.search(),
    requestNow: async () => await client.request('GET', '/x'),
    createNow: async () => await client.apps.create('x'),
    iterateNow: async () => { for await (const each of client.events.iterate('ch')) void each; },
    enqueueNow: async () => await client.events.enqueue(event),
    enqueueAll: async () => await Promise.all([client.events.enqueue(event)]),
    refusedNow: async () => await client.events.enqueue(/** @type {any} */ ({})),
    // Nobody awaits these, so that V8 knows of nobody: the frames are those of the call.
    publishThen: () => client.events.publish(event).then(),
    refusedThen: () => client.events.enqueue(/** @type {any} */ ({})).then(),
  };
  for (const [name, call] of Object.entries(calls)) {
    const { stack, message } = await failureOf(call);
    assert.ok(stack.startsWith(`AxonPushError: ${message}\n`), stack);
    assert.match(stack, new RegExp(`at (async )?(Object\\.)?${name} .*errors\\.test\\.js:\\d+`), name);
  }
  const dead = server.client({ baseUrl: DEAD, shutdownTimeoutMs: 50 });
  dead.events.enqueue(event);
  const flushNow = async () => await dead.flush(20);
  assert.match((await failureOf(flushNow)).stack, /flushNow .*errors\.test\.js/);
  const shutdownNow = async () => await dead.shutdown(20);
  assert.match((await failureOf(shutdownNow)).stack, /shutdownNow .*errors\.test\.js/);
});

test('messages name members and options as JavaScript does', async () => {
  const client = server.client();
  const messages = [];
  for (const call of [
    () => client.events.publish({ ...event, occurredAt: 'yesterday' }),
    () => client.events.publish({ ...event, dedupKey: 'ü' }),
    () => client.events.publish({ ...event, parentSpanId: 'a\nb', traceId: 'a\nb' }),
    () => client.events.publish(/** @type {any} */ ({})),
    () => client.events.list(),
    () => client.events.search({ attrKey: 'x' }),
    () => client.events.search({ limit: 501 }),
    () => client.request('GET', '/x', { body: {} }),
    () => client.request('GET', 'x'),
    () => client.request('POST', '/x', { bodyText: '{' }),
    () => client.apps.get(''),
    () => client.organizations.invite('o', '', 'r'),
    () => client.webhooks.create(/** @type {any} */ ({})),
    () => client.environments.create(/** @type {any} */ ({})),
    () => client.events.enqueue({ identifier: 'x', payload: { text: 'x'.repeat(40 * 2 ** 20) } }),
    async () => server.client({ baseUrl: 'ftp://x' }),
    async () => server.client({ apiKey: '' }),
    async () => server.client({ apiKey: 'pt_x', maxContentLength: 2 ** 32 - 1, caFile: '/nonexistent' }),
    async () => server.client({ proxy: 'nonsense:' }),
  ]) {
    messages.push((await failureOf(async () => call())).message);
  }
  await client.close();
  messages.push((await failureOf(async () => client.stats())).message, (await failureOf(() => client.events.publish(event))).message);
  for (const message of messages) assert.doesNotMatch(message, /\b(NULL|[a-z]+_[a-z_]+|AXONPUSH_(?!API_KEY|BASE_URL)[A-Z_]+)\b/, message);
  assert.equal(messages.at(-1), 'the client is closed');

  // What the service says is passed on as it is.
  await server.fault({ status: 422, body: { code: 'validation_error', message: 'channel_id: NULL' } });
  assert.match((await failureOf(() => server.client().events.publish(event))).message, /channel_id: NULL/);
});

test('a delivery shows its state and its result, and nothing else', async () => {
  const client = server.client({ apiKey: 'ak_not_to_be_shown' });
  const delivery = client.events.enqueue(event);
  assert.equal(inspect(delivery), 'Delivery { <pending> }');
  assert.equal(inspect({ delivery, accepted: delivery.accepted }, { breakLength: Infinity }), '{ delivery: Delivery { <pending> }, accepted: LazyPromise { undefined } }');
  assert.equal(JSON.stringify(delivery), '{}');
  const response = await delivery;
  assert.equal(inspect(delivery), `Delivery { ${inspect(response)} }`);
  const refused = client.events.enqueue(/** @type {any} */ ({ payload: {} }));
  assert.match(inspect(refused), /^Delivery \{ <rejected> AXONPUSH_ERR_INVALID_ARGUMENT: .*identifier.* \}$/);
  await assert.rejects(async () => refused);
  for (const shown of [delivery, refused, client, client.events, response]) assert.doesNotMatch(inspect(shown, { depth: 9, showHidden: true }), /ak_not_to_be_shown|Background/);
});

test('reading `accepted` of a refused event and ignoring it is no unhandled rejection, and the mistake is reported', async () => {
  const ignored = await runScript(`const client = new AxonPush({ proxy: '' });
    const { accepted } = client.events.enqueue({});
    await sleep(50);
    console.log('alive');
    await client.close();`, { url: server.url });
  assert.deepEqual([ignored.code, ignored.stdout], [0, 'alive\n']);
  assert.match(ignored.stderr, /AxonPushWarning: an event was refused, and nobody awaits its promise: .*identifier/);
  const client = server.client();
  const { accepted } = client.events.enqueue(/** @type {any} */ ({}));
  await sleep(20);
  await assert.rejects(accepted, { status: 'AXONPUSH_ERR_INVALID_ARGUMENT' }, 'whoever awaits it is told, however late');
  await client.events.enqueue(event).accepted;
  await client.close();
  await assert.rejects(client.events.enqueue(event).accepted, { status: 'AXONPUSH_ERR_INVALID_HANDLE' });
});
