import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { AxonPushError } from '../src/index.js';
import { DEAD, DevServer } from './helpers.js';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
beforeEach(() => server.reset());
after(async () => {
  await server.reset();
  server.stop();
});

const event = { identifier: 'step', payload: { n: 1 } };

/** @param {string} status */
const failure = (status, more = {}) => (error) => {
  assert.ok(error instanceof AxonPushError, String(error));
  assert.equal(error.name, 'AxonPushError');
  assert.deepEqual({ status: error.status, ...more }, { ...pick(error, ['status', ...Object.keys(more)]), status });
  return true;
};
const pick = (object, names) => Object.fromEntries(names.map((name) => [name, object[name]]));

test('an event is published, listed and found', async () => {
  const client = server.client({ channelId: 'ch_default' });
  const response = await client.events.publish({ ...event, channelId: 'ch_1', eventType: 'agent.start', agentId: 'a7' });
  assert.match(response.eventId, /^evt_/);
  assert.equal(response.data.status, 'accepted');
  assert.equal(response.httpStatus, 200);
  assert.match(response.requestId, /^req_/);
  await client.events.publish(event);

  const seen = [];
  for (const each of await client.events.list('ch_1')) seen.push([each.eventId, each.eventType, each.payload]);
  assert.deepEqual(seen, [[response.eventId, 'agent.start', { n: 1 }]]);
  assert.equal((await client.events.list()).length, 1);
  assert.equal((await client.events.search({ agentId: 'a7' })).length, 1);
  assert.equal((await client.events.search({ limit: 1 })).length, 1);
  assert.deepEqual(await client.events.search({ until: new Date(0), since: new Date(0) }), []);
});

test('all members of an event arrive', async () => {
  const client = server.client();
  await client.events.publish({
    identifier: 'Schritt für Schritt',
    payload: '{"exact": 12345678901234567890}',
    channelId: 'ch_1',
    eventType: 'app.log',
    agentId: 'a',
    traceId: 't',
    spanId: 'b7ad6b7169203331',
    parentSpanId: 'b7ad6b7169203332',
    dedupKey: 'once',
    occurredAt: new Date('2026-01-02T03:04:05.678Z'),
    metadata: { text: 'ü€😀' },
  });
  const [request] = await server.requests();
  assert.deepEqual(JSON.parse(request.body), {
    identifier: 'Schritt für Schritt',
    payload: { exact: 12345678901234567890 },
    channel_id: 'ch_1',
    eventType: 'app.log',
    agentId: 'a',
    traceId: 't',
    spanId: 'b7ad6b7169203331',
    parentSpanId: 'b7ad6b7169203332',
    dedupKey: 'once',
    occurredAt: '2026-01-02T03:04:05.678Z',
    metadata: { text: 'ü€😀' },
  });
  assert.ok(request.body.includes('12345678901234567890'), 'JSON text is passed on as it is');
  const headers = Object.fromEntries(request.headers);
  assert.match(headers['user-agent'], /^axonpush-c\/\S+ axonpush-node\/\S+$/);
});

test('strings of any size and kind arrive', async () => {
  const client = server.client({ contentCapture: 'full', maxContentLength: 10_000_000 });
  const big = 'ä€😀'.repeat(200_000);
  for (const publish of ['publish', 'enqueue']) {
    await client.events[publish]({ identifier: publish, payload: { big, half: `x\ud83d`, notHalf: '\\ud83d' }, channelId: publish });
    const [stored] = await client.events.list(publish);
    assert.deepEqual(stored.payload, { big, half: 'x\ufffd', notHalf: '\\ud83d' });
  }
});

test('every option reaches the library', async () => {
  const options = {
    apiKey: 'ak_test', tenantId: 'org_7', baseUrl: `${server.url}/`, environment: 'staging', channelId: 'ch_9',
    timeoutMs: 5000, maxRetries: 0, failOpen: false, queueMaxEvents: 10, queueMaxBytes: 100_000n, overflow: 'drop_newest',
    deliveryTimeoutMs: 1000, maxConnections: 1, httpVersion: '1.1', spoolDir: null, spoolMaxBytes: 10_000_000n, spoolMaxAgeS: 60, spoolSync: 'each', spoolSyncMs: 100,
    exporter: 'events', otlpEndpoint: 'http://127.0.0.1:1', otlpHeaders: 'x-a=b', otlpBatchMaxEvents: 5, otlpBatchMaxBytes: 5000, otlpBatchTimeoutMs: 5, otlpGzip: true,
    shutdownTimeoutMs: 100, contentCapture: 'redacted', redactKeys: ['mine', 'yours'],
    maxContentLength: 5, caFile: null, caPem: undefined, proxy: '', userAgent: 'my-app/1.0',
  };
  const client = server.client(/** @type {any} */ (options));
  await client.events.publish({ identifier: 'x', payload: { mine: 1, text: 'abcdefgh', prompt: 'abc' } });
  const [request] = await server.requests();
  const headers = Object.fromEntries(request.headers);
  assert.equal(headers['x-tenant-id'], 'org_7');
  assert.equal(headers['x-axonpush-environment'], 'staging');
  assert.match(headers['user-agent'], /my-app\/1\.0 axonpush-node\//);
  const body = JSON.parse(request.body);
  assert.equal(body.channel_id, 'ch_9');
  assert.deepEqual(body.payload, { mine: '[REDACTED]', text: 'abcde…[TRUNCATED]', prompt: 'abc' });

  await server.fault({ path: '/event', status: 503, times: 0 });
  await assert.rejects(client.events.publish(event), failure('AXONPUSH_ERR_SERVER', { httpStatus: 503, retryable: true }));
  assert.equal((await server.requests()).length, 2, 'maxRetries 0: no retry');
});

test('options that cannot be used are refused', () => {
  const refused = (options, status, message) =>
    assert.throws(() => server.client(/** @type {any} */ (options)), (error) => {
      failure(status)(error);
      assert.match(error.message, message);
      return true;
    });
  refused({ apiKey: null }, 'AXONPUSH_ERR_CONFIG', /AXONPUSH_API_KEY/);
  refused({ baseUrl: 'ftp://x' }, 'AXONPUSH_ERR_CONFIG', /ftp/);
  refused({ timeoutMs: -1 }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /timeoutMs/);
  refused({ timeoutMs: 1.5 }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /timeoutMs/);
  refused({ timeoutMs: '5' }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /timeoutMs/);
  refused({ queueMaxBytes: -1n }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /queueMaxBytes/);
  refused({ failOpen: 'no' }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /failOpen/);
  refused({ overflow: 'toString' }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /overflow.*drop_oldest/);
  refused({ httpVersion: 2 }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /httpVersion.*'auto', '1\.1', '2', got 2$/);
  refused({ spoolSync: 'always' }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /spoolSync.*'interval', 'none', 'each'/);
  refused({ exporter: 'kafka' }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /exporter.*'events', 'otlp'/);
  refused({ otlpGzip: 1 }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /otlpGzip/);
  refused({ otlpEndpoint: 'ftp://x' }, 'AXONPUSH_ERR_CONFIG', /otlpEndpoint.*ftp/);
  refused({ spoolDir: '/dev/null/no' }, 'AXONPUSH_ERR_CONFIG', /\/dev\/null\/no/);
  refused({ contentCapture: 1 }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /contentCapture/);
  refused({ api_key: 'x' }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /api_key/);
  refused({ completionMode: 0 }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /completionMode/);
  refused({ tenantId: 7 }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /tenantId/);
  refused({ apiKey: 'ak_\0' }, 'AXONPUSH_ERR_INVALID_ARGUMENT', /apiKey/);
  refused({ library: '/nonexistent/libaxonpush.so' }, 'AXONPUSH_ERR_CONFIG', /nonexistent/);
  refused({ library: 'libc.so.6' }, 'AXONPUSH_ERR_CONFIG', /axonpush_/);
});

test('events that cannot be used are refused before anything is sent', async () => {
  const client = server.client();
  const circular = {};
  circular.self = circular;
  /** @type {[any, RegExp][]} */
  const cases = [
    [undefined, /identifier/], [null, /identifier/], ['text', /object/], [{ payload: {} }, /identifier/],
    [{ identifier: 'x' }, /payload/], [{ identifier: 'x', payload: [1] }, /payload/], [{ identifier: 'x', payload: 'n=1' }, /payload/],
    [{ identifier: 7, payload: {} }, /identifier/], [{ identifier: 'a\0b', payload: {} }, /identifier.*NUL/],
    [{ identifier: 'x', payload: circular }, /payload/], [{ identifier: 'x', payload: { n: 1n } }, /payload/],
    [{ identifier: 'x', payload: () => {} }, /payload/], [{ identifier: 'x', payload: '{"a":"\0"}' }, /payload/],
    [{ ...event, channelID: 'x' }, /channelID/], [{ ...event, occurredAt: new Date(NaN) }, /occurredAt/],
    [{ ...event, occurredAt: 'yesterday' }, /occurred_?at/i], [{ ...event, metadata: [] }, /metadata/],
  ];
  for (const [bad, message] of cases) {
    for (const publish of ['publish', 'enqueue']) {
      await assert.rejects(async () => client.events[publish](bad), (error) => {
        failure('AXONPUSH_ERR_INVALID_ARGUMENT', { httpStatus: null, retryable: false })(error);
        assert.match(error.message, message);
        return true;
      });
    }
  }
  await assert.rejects(client.events.search(/** @type {any} */ ({ limt: 1 })), failure('AXONPUSH_ERR_INVALID_ARGUMENT'));
  await assert.rejects(client.events.list(), failure('AXONPUSH_ERR_INVALID_ARGUMENT'));
  await assert.rejects(client.flush(-1), failure('AXONPUSH_ERR_INVALID_ARGUMENT'));
  assert.deepEqual(await server.requests(), []);
});

test('the service unreachable: strict mode rejects, fail-open gives nothing', async () => {
  const strict = server.client({ baseUrl: DEAD, failOpen: false, maxRetries: 0 });
  const lost = failure('AXONPUSH_ERR_CONNECTION', { httpStatus: null, code: null, requestId: null, retryAfterMs: null, retryable: true });
  await assert.rejects(strict.events.publish(event), lost);
  await assert.rejects(strict.events.list('ch'), lost);
  await assert.rejects(strict.events.search(), lost);
  await assert.rejects(strict.request('GET', '/apps'), lost);

  const open = server.client({ baseUrl: DEAD, maxRetries: 0 });
  assert.equal(await open.events.publish(event), null);
  assert.deepEqual(await open.events.list('ch'), []);
  assert.deepEqual(await open.events.search(), []);
  assert.equal(await open.request('GET', '/apps'), null);
});

test("an error has all that the service said", async () => {
  const client = server.client({ maxRetries: 0 });
  const body = { code: 'rate_limited', message: ['slow', 'down'], hint: 'wait', requestId: 'r1' };
  await server.fault({ path: '/event', status: 429, headers: { 'Retry-After': '1.5' }, body });
  await assert.rejects(
    client.events.publish(event),
    failure('AXONPUSH_ERR_RATE_LIMIT', {
      httpStatus: 429, code: 'rate_limited', hint: 'wait', requestId: 'r1', retryAfterMs: 1500, retryable: true, message: 'slow; down',
    }),
  );
});

test('any endpoint can be called', async () => {
  const client = server.client();
  const made = await client.request('POST', '/apps', { body: { name: 'ü & co' } });
  assert.equal(made.httpStatus, 201);
  const path = `/apps/${encodeURIComponent(/** @type {any} */ (made.data).appId)}`;
  assert.equal(/** @type {any} */ ((await client.request('GET', path)).data).name, 'ü & co');
  await client.request('PATCH', path, { bodyText: '{"name":"other"}' });
  assert.match((await client.request('GET', '/apps', { query: { limit: 10, none: undefined } })).text, /other/);
  const gone = await client.request('DELETE', path);
  assert.ok(gone !== null && gone.httpStatus >= 200);
  await assert.rejects(client.request('GET', path), failure('AXONPUSH_ERR_NOT_FOUND', { httpStatus: 404 }));
  await assert.rejects(client.request(/** @type {any} */ ('get'), '/apps'), failure('AXONPUSH_ERR_INVALID_ARGUMENT'));
  await assert.rejects(client.request('GET', '/apps', /** @type {any} */ ({ qury: 1 })), failure('AXONPUSH_ERR_INVALID_ARGUMENT'));
  for (const query of ['a=1&b=%2F', new URLSearchParams({ a: '1', b: '/' }), { a: 1, b: '/', c: null }]) {
    await client.request('GET', '/apps', { query });
    assert.equal((await server.requests()).at(-1).target, '/apps?a=1&b=%2F');
  }
});

test('a client that is closed says so', async () => {
  const client = server.client();
  await client.shutdown();
  await assert.rejects(client.events.publish(event), failure('AXONPUSH_ERR_CLOSED'));
  await assert.rejects(async () => client.events.enqueue(event), failure('AXONPUSH_ERR_CLOSED'));
  assert.equal(client.stats().accepted, 0);
  const closing = client.close();
  assert.equal(client.close(), closing);
  await closing;
  await client.close();
  await assert.rejects(client.events.publish(event), failure('AXONPUSH_ERR_INVALID_HANDLE'));
  await assert.rejects(async () => client.events.enqueue(event), failure('AXONPUSH_ERR_INVALID_HANDLE'));
  await assert.rejects(client.flush(), failure('AXONPUSH_ERR_INVALID_HANDLE'));
  await assert.rejects(client.shutdown(), failure('AXONPUSH_ERR_INVALID_HANDLE'));
  assert.throws(() => client.stats(), failure('AXONPUSH_ERR_INVALID_HANDLE'));
});
