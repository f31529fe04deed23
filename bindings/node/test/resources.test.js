import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';

import { OPERATIONS } from '../src/operations.js';
import { DEAD, DevServer } from './helpers.js';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
beforeEach(() => server.reset());
after(async () => {
  await server.reset();
  server.stop();
});

const TABLE = [
  ...readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8').matchAll(
    /^\| `axonpush_(\w+)` \| `(\w+) (\S+)` \| (?:`(\w+)`)? ?\|/gm,
  ),
].filter(([, name]) => !name.startsWith('otlp_'));

const sample = (parameter) =>
  parameter.struct || parameter.json ? { environment: { name: 'n' }, webhook: { channelId: 'c', url: 'http://h/' }, query: { limit: 3 }, changes: { name: 'n' } }[parameter.name] : null;

test('the table is that of the C functions', () => {
  assert.deepEqual(
    OPERATIONS.map(({ name, list }) => [name, list]).sort(),
    TABLE.map(([, name, , , list]) => [name, list]).sort(),
  );
});

for (const id of ['../x', 'a/b?c#d', '%2e%2e', 'ü 語']) {
  test(`every operation is the request of the table, with ${id} as one segment`, async () => {
    const client = server.client({ maxRetries: 0 });
    for (const [, name, method, template] of TABLE) {
      const { resource, verb, parameters } = OPERATIONS.find((operation) => operation.name === name);
      const given = parameters.map((parameter) => sample(parameter) ?? id);
      await client[resource][verb](...given).catch((error) => assert.notEqual(error.status, 'AXONPUSH_ERR_INVALID_ARGUMENT', error.message));
      const request = (await server.requests()).at(-1);
      assert.equal(request.method, method, name);
      const [path, query] = request.target.split('?');
      const wanted = template.split('/').map((part) => (part.startsWith('{') ? id : part));
      assert.deepEqual(path.split('/').map(decodeURIComponent), wanted, name);
      if (name === 'traces_list') assert.equal(query, 'limit=3');
    }
  });
}

test('apps and channels', async () => {
  const client = server.client();
  const app = await client.apps.create('shop');
  const { appId } = app.data;
  assert.equal(app.httpStatus, 201);
  assert.equal((await client.apps.update(appId, 'store')).httpStatus, 200);
  assert.equal((await client.apps.get(appId)).data.name, 'store');
  assert.ok((await client.apps.list()).some((each) => each.appId === appId && each.name === 'store'));

  const { channelId } = (await client.channels.create(appId, 'orders')).data;
  await client.channels.update(appId, channelId, 'bills');
  assert.equal((await client.channels.get(appId, channelId)).data.name, 'bills');
  assert.deepEqual((await client.channels.list(appId)).map((each) => each.name), ['bills']);
  await client.channels.delete(appId, channelId);
  assert.deepEqual(await client.channels.list(appId), []);
  await client.apps.delete(appId);
  await assert.rejects(client.apps.get(appId), { status: 'AXONPUSH_ERR_NOT_FOUND' });
});

test('environments', async () => {
  const client = server.client();
  await client.environments.create({ name: 'Blue', slug: 'blue', color: '#0000ff', isProduction: true, isDefault: false });
  assert.deepEqual(JSON.parse((await server.requests()).at(-1).body), { name: 'Blue', slug: 'blue', color: '#0000ff', isDefault: false, isProduction: true });
  await client.environments.update('blue', { color: '#00ff00' });
  assert.deepEqual(JSON.parse((await server.requests()).at(-1).body), { color: '#00ff00' });
  await client.environments.promote('blue');
  const blue = (await client.environments.list()).find((each) => each.slug === 'blue');
  assert.equal(blue.color, '#00ff00');
  assert.equal(blue.isDefault, true);
  await assert.rejects(client.environments.create({ name: 'x', isDefault: 'yes' }), { status: 'AXONPUSH_ERR_INVALID_ARGUMENT' });
  await assert.rejects(client.environments.create({ title: 'x' }), { status: 'AXONPUSH_ERR_INVALID_ARGUMENT' });
});

test('webhooks and deliveries', async () => {
  const client = server.client();
  const made = await client.webhooks.create({ channelId: 'ch_1', url: `${DEAD}/hook`, eventTypes: ['agent.start', 'custom'], description: 'mine' });
  const { eventTypes, url } = JSON.parse((await server.requests()).at(-1).body);
  assert.deepEqual([eventTypes, url], [['agent.start', 'custom'], `${DEAD}/hook`]);
  const { endpointId } = (await client.webhooks.list('ch_1'))[0];
  assert.ok(made.text.includes(endpointId));
  assert.ok(Array.isArray(await client.webhooks.deliveries(endpointId)));
  await client.webhooks.delete(endpointId);
  assert.deepEqual(await client.webhooks.list('ch_1'), []);
});

test('traces', async () => {
  const client = server.client({ channelId: 'ch_1' });
  await client.events.publish({ identifier: 'a', payload: {}, traceId: 't/1', agentId: 'x' });
  await client.events.publish({ identifier: 'b', payload: {}, traceId: 't/1' });
  await client.events.publish({ identifier: 'c', payload: {}, traceId: 't2' });
  const trace = await client.traces.get('t/1');
  assert.deepEqual([trace.data.traceId, trace.data.spans.length], ['t/1', 2]);
  assert.equal((await client.traces.list()).length, 2);
  assert.equal((await client.traces.list({ agentId: 'x', limit: 5, since: new Date(0) })).length, 1);
  await client.traces.list({ service: ['a', 'b'], errorsOnly: true, minDurationMs: 7, offset: 1, channelId: 'ch_1' });
  const query = new URLSearchParams((await server.requests()).at(-1).target.split('?')[1]);
  assert.deepEqual([query.getAll('service'), query.get('errorsOnly'), query.get('minDurationMs'), query.get('offset'), query.get('channelId')], [['a', 'b'], 'true', '7', '1', 'ch_1']);
  for (const query of [{ events: 1 }, { sevice: 'x' }, 'x']) {
    await assert.rejects(client.traces.list(/** @type {any} */ (query)), { status: 'AXONPUSH_ERR_INVALID_ARGUMENT' });
  }
});

test('the organization, capabilities and health', async () => {
  const client = server.client();
  assert.ok((await client.organizations.list()).length > 0);
  await client.organizations.update({ name: 'ü & co' });
  assert.equal((await client.organizations.get()).data.name, 'ü & co');
  assert.equal((await client.capabilities.get()).httpStatus, 200);
  assert.equal((await client.health.get()).httpStatus, 200);
});

test('a service that is gone is nothing, or an empty list; in strict mode an error', async () => {
  const open = server.client({ baseUrl: DEAD, maxRetries: 0 });
  const strict = server.client({ baseUrl: DEAD, maxRetries: 0, failOpen: false });
  for (const { resource, verb, parameters, list } of OPERATIONS) {
    const given = parameters.map((parameter) => sample(parameter) ?? 'x');
    assert.deepEqual(await open[resource][verb](...given), list ? [] : null);
    await assert.rejects(strict[resource][verb](...given), { status: 'AXONPUSH_ERR_CONNECTION' });
  }
});

test('arguments are checked', async () => {
  const client = server.client();
  for (const call of [() => client.apps.get(''), () => client.apps.get(undefined), () => client.apps.get(7), () => client.apps.list('x'), () => client.apps.get('a\0b'), () => client.organizations.update(undefined)]) {
    await assert.rejects(call, { status: 'AXONPUSH_ERR_INVALID_ARGUMENT' });
  }
  assert.deepEqual(await server.requests(), []);
});
