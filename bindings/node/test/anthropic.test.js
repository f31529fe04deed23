import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';

import { AxonPushAnthropicTracer } from 'axonpush-native/anthropic';
import { DEAD, DevServer } from './helpers.js';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
beforeEach(() => server.reset());
after(async () => {
  await server.reset();
  server.stop();
});

const MESSAGE = {
  id: 'm', type: 'message', role: 'assistant', model: 'claude-x', stop_reason: 'tool_use', stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 7 },
  content: [{ type: 'text', text: 'hé😀' }, { type: 'tool_use', id: 'tu_1', name: 'weather', input: { city: 'Rome' } }],
};
const STREAM = [['message_start', { type: 'message_start', message: { ...MESSAGE, content: [] } }], ['message_stop', { type: 'message_stop' }]];

/** Anthropic's SDK with a model that is none. */
function fake(status = 200) {
  return new Anthropic({
    apiKey: 'x',
    maxRetries: 0,
    fetch: async (_url, init) => {
      if (status !== 200) return Response.json({ type: 'error', error: { type: 'api_error', message: 'broken' } }, { status });
      if (!JSON.parse(String(init.body)).stream) return Response.json(MESSAGE, { headers: { 'request-id': 'rq' } });
      const text = STREAM.map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`).join('');
      return new Response(text, { headers: { 'content-type': 'text/event-stream' } });
    },
  });
}
/** @type {Anthropic.MessageCreateParamsNonStreaming} */
const PARAMETERS = { model: 'claude-x', max_tokens: 9, messages: [{ role: 'user', content: 'how is Rome?' }] };

async function sent(client) {
  await client.flush();
  return (await server.requests()).map(({ body }) => JSON.parse(body));
}
const shape = ({ identifier, eventType, payload }) => [identifier, eventType, payload];
const by = (a, b) => (a[0] < b[0] ? -1 : 1);
const TURN = [
  ['agent.response', 'agent.message', { text_length: 3 }],
  ['agent.usage', 'agent.message', { input_tokens: 5, output_tokens: 7, model: 'claude-x', stop_reason: 'tool_use' }],
  ['conversation.turn', 'agent.start', { model: 'claude-x', message_count: 1, max_tokens: 9 }],
  ['tool.weather.start', 'agent.tool_call.start', { tool_name: 'weather', tool_use_id: 'tu_1', input: { city: 'Rome' } }],
];

test('a turn, by createMessage() or a wrapped client', async () => {
  for (const way of ['createMessage', 'wrap', 'both']) {
    await server.reset();
    const client = server.client({ contentCapture: 'full' });
    const tracer = new AxonPushAnthropicTracer(client, { channelId: 'ch_1' });
    const anthropic = way === 'createMessage' ? fake() : tracer.wrap(tracer.wrap(fake()));
    const message = await (way === 'wrap' ? anthropic.messages.create(PARAMETERS) : tracer.createMessage(anthropic, PARAMETERS));
    assert.deepEqual(message.content, MESSAGE.content);
    const events = await sent(client);
    assert.deepEqual(events.map(shape).sort(by), TURN, way);
    assert.ok(events.every((event) => event.channel_id === 'ch_1' && event.agentId === 'claude' && event.metadata.framework === 'anthropic'));
    assert.equal(new Set(events.map((event) => event.traceId)).size, 1);
  }
});

test('the promise is the SDK’s own', async () => {
  const client = server.client({ contentCapture: 'full' });
  const anthropic = new AxonPushAnthropicTracer(client).wrap(fake());
  assert.deepEqual((await (await anthropic.messages.create(PARAMETERS).asResponse()).json()).id, 'm');
  const { data, request_id: id } = await anthropic.messages.create(PARAMETERS).withResponse();
  assert.deepEqual([data.id, id], ['m', 'rq']);
  const promise = anthropic.messages.create(PARAMETERS);
  assert.equal(await promise, await promise);
  const types = [];
  for await (const event of await anthropic.messages.create({ ...PARAMETERS, stream: true })) types.push(event.type);
  assert.deepEqual(types, ['message_start', 'message_stop']);
  const counts = {};
  for (const { identifier } of await sent(client)) counts[identifier] = (counts[identifier] ?? 0) + 1;
  assert.deepEqual(counts, { 'conversation.turn': 4, 'agent.usage': 2, 'agent.response': 2, 'tool.weather.start': 2 });
});

test('a client that returns plain promises, or none, is traced as well', async () => {
  for (const create of [async () => MESSAGE, () => MESSAGE, () => ({ then: (resolve) => resolve(MESSAGE) })]) {
    await server.reset();
    const client = server.client({ contentCapture: 'full' });
    const anthropic = new AxonPushAnthropicTracer(client).wrap({ messages: { create } });
    assert.equal(await anthropic.messages.create(PARAMETERS), MESSAGE);
    assert.deepEqual((await sent(client)).map(shape).sort(by), TURN);
  }
  await server.reset();
  const client = server.client();
  const broken = () => { throw new RangeError('no model'); };
  for (const create of [broken, async () => broken()]) {
    const anthropic = new AxonPushAnthropicTracer(client).wrap({ messages: { create } });
    await assert.rejects(async () => anthropic.messages.create(PARAMETERS), RangeError);
  }
  assert.equal((await sent(client)).filter((event) => event.identifier === 'conversation.error').length, 2);
});

test('results of tools, and errors', async () => {
  const client = server.client({ contentCapture: 'full' });
  const tracer = new AxonPushAnthropicTracer(client, { traceId: 'mine' });
  tracer.sendToolResult('tu_1', { sky: 'x'.repeat(6000), more: 1 });
  await assert.rejects(tracer.wrap(fake(500)).messages.create(PARAMETERS), Anthropic.InternalServerError);
  const events = await sent(client);
  const result = events.find((event) => event.identifier === 'tool.result');
  const shortened = { sky: `${'x'.repeat(1997)}…` };
  assert.deepEqual([result.eventType, result.payload], ['agent.tool_call.end', { tool_use_id: 'tu_1', tool_result: shortened }]);
  const failed = events.find((event) => event.eventType === 'agent.error');
  assert.equal(failed.payload.error_type, 'InternalServerError');
  assert.ok(events.every((event) => event.traceId === 'mine'));
});

test('the application does not notice what happens to its events', async () => {
  for (const failOpen of [true, false]) {
    for (const [baseUrl, fault] of [[DEAD], [server.url, { status: 401 }], [server.url, { status: 500 }], [server.url, { delayMs: 300 }]]) {
      await server.reset();
      if (fault) await server.fault({ path: '/event', times: 1000, ...fault });
      const client = server.client({ baseUrl, failOpen, shutdownTimeoutMs: 50 });
      assert.equal((await new AxonPushAnthropicTracer(client).wrap(fake()).messages.create(PARAMETERS)).id, 'm');
    }
  }
  const client = server.client();
  const tracer = new AxonPushAnthropicTracer(client);
  await client.close();
  assert.equal((await tracer.createMessage(fake(), PARAMETERS)).id, 'm');
  assert.equal(tracer.lost, 4);
  tracer.sendToolResult('x', { toJSON() { throw new Error('hostile'); } });
  tracer.sendToolResult(/** @type {any} */ (Symbol('x')), 10n);
});
