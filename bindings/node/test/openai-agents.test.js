import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { Agent, handoff, Runner, setTraceProcessors, setTracingDisabled, tool, Usage } from '@openai/agents';

import { AxonPushTracingProcessor } from 'axonpush-native/openai-agents';
import { DEAD, DevServer } from './helpers.js';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
beforeEach(() => server.reset());
after(async () => {
  setTraceProcessors([]);
  await server.reset();
  server.stop();
});
setTracingDisabled(false);

/** A model that returns the given outputs, one after the other. */
class FakeModel {
  constructor(...outputs) {
    this.outputs = outputs;
  }
  async getResponse() {
    const output = this.outputs.shift();
    if (output instanceof Error) throw output;
    return { usage: new Usage(), output: [output], responseId: 'r' };
  }
}
const says = (text) => ({ type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text }] });
const calls = (name, args) => ({ type: 'function_call', callId: `c_${name}`, name, status: 'completed', arguments: JSON.stringify(args) });

const weather = tool({
  name: 'weather',
  description: 'w',
  strict: false,
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: [], additionalProperties: true },
  execute: async ({ city }) => `sunny in ${city}`,
});

function run() {
  const second = new Agent({ name: 'second', model: new FakeModel(calls('weather', { city: 'Rome' }), says('fine')), tools: [weather] });
  const first = new Agent({ name: 'first', model: new FakeModel(calls('transfer_to_second', {})), handoffs: [handoff(second)] });
  return new Runner().run(first, 'how is Rome?');
}

test('agents, a handoff and a tool', async () => {
  const client = server.client({ contentCapture: 'full' });
  const processor = new AxonPushTracingProcessor(client, { channelId: 'ch_1' });
  setTraceProcessors([processor]);
  assert.equal((await run()).finalOutput, 'fine');
  await processor.forceFlush();
  const events = (await server.requests()).map(({ body }) => JSON.parse(body));
  const of = (identifier, agentId) => events.find((event) => event.identifier === identifier && event.agentId === agentId) ?? assert.fail(`${identifier} of ${agentId} in ${JSON.stringify(events.map((e) => [e.identifier, e.agentId]))}`);
  const start = of('agent.run.start', 'second');
  assert.deepEqual([start.eventType, start.payload, start.channel_id], ['agent.start', { agent_name: 'second', model: null }, 'ch_1']);
  const end = of('agent.run.end', 'second');
  assert.deepEqual([end.eventType, end.payload.agent_name, end.spanId], ['agent.end', 'second', start.spanId]);
  // The fake model makes no span of its own, as a real one does.
  assert.equal(end.payload.output_length, null);
  of('agent.run.start', 'first');
  of('agent.run.end', 'first');
  const change = of('agent.handoff', 'first');
  assert.deepEqual([change.eventType, change.payload], ['agent.handoff', { from_agent: 'first', to_agent: 'second' }]);
  const call = of('tool.weather.start', 'second');
  assert.deepEqual([call.eventType, call.payload, call.parentSpanId], ['agent.tool_call.start', { tool_name: 'weather', agent_name: 'second' }, start.spanId]);
  const result = of('tool.weather.end', 'second');
  assert.deepEqual([result.eventType, result.payload, result.spanId], ['agent.tool_call.end', { tool_name: 'weather', result_length: 13 }, call.spanId]);
  assert.equal(new Set(events.map((event) => event.traceId)).size, 1);
  assert.ok(events.every((event) => event.metadata.framework === 'openai-agents'));
  assert.deepEqual([events.length, processor.lost], [7, 0]);
});

test('the output length of an agent is that of its model’s last response', async () => {
  const client = server.client({ contentCapture: 'full' });
  const processor = new AxonPushTracingProcessor(client);
  const span = (spanId, parentId, spanData) => ({ spanId, parentId, traceId: 't', spanData, error: null });
  const agent = span('a', null, { type: 'agent', name: 'x' });
  const turn = span('b', 'a', { type: 'turn', agent_name: 'x' });
  const first = span('c', 'b', { type: 'generation', output: [says('not this')] });
  const last = span('d', 'b', { type: 'response', _response: { output: [says('this'), says(' one')] } });
  for (const each of [agent, turn, first]) await processor.onSpanStart(each);
  await processor.onSpanEnd(first);
  await processor.onSpanStart(last);
  for (const each of [last, turn, agent]) await processor.onSpanEnd(each);
  await processor.forceFlush();
  const events = (await server.requests()).map(({ body }) => JSON.parse(body));
  assert.equal(events.find((event) => event.identifier === 'agent.run.end').payload.output_length, 8);
});

test('errors', async () => {
  const client = server.client({ contentCapture: 'full' });
  const processor = new AxonPushTracingProcessor(client, { traceId: 'mine' });
  setTraceProcessors([processor]);
  const broken = () => new Agent({ name: 'broken', model: new FakeModel(new RangeError('no model')) });
  await assert.rejects(new Runner().run(broken(), 'x'), /no model/);
  await processor.forceFlush();
  const events = (await server.requests()).map(({ body }) => JSON.parse(body));
  assert.ok(events.every((event) => event.traceId === 'mine'));
  assert.ok(events.some((event) => event.identifier.startsWith('agent.run.') && event.identifier !== 'agent.run.start'));
  const span = { spanId: 's', parentId: null, traceId: 't', spanData: { type: 'agent', name: 'x' }, error: { message: 'too many turns' } };
  await processor.onSpanStart(span);
  await processor.onSpanEnd(span);
  await processor.forceFlush();
  const failed = (await server.requests()).map(({ body }) => JSON.parse(body)).find((event) => event.identifier === 'agent.run.error' && event.agentId === 'x');
  assert.deepEqual([failed.eventType, failed.payload], ['agent.error', { agent_name: 'x', error_type: 'SpanError', message: 'too many turns' }]);
});

test('the run does not notice what happens to its events', async () => {
  for (const failOpen of [true, false]) {
    for (const [baseUrl, fault] of [[DEAD], [server.url, { status: 401 }], [server.url, { status: 500 }], [server.url, { delayMs: 300 }]]) {
      await server.reset();
      if (fault) await server.fault({ path: '/event', times: 1000, ...fault });
      const client = server.client({ baseUrl, failOpen, shutdownTimeoutMs: 50 });
      setTraceProcessors([new AxonPushTracingProcessor(client)]);
      assert.equal((await run()).finalOutput, 'fine');
    }
  }
  const client = server.client();
  const processor = new AxonPushTracingProcessor(client);
  setTraceProcessors([processor]);
  await client.close();
  assert.equal((await run()).finalOutput, 'fine');
  assert.equal(processor.lost, 7);
  for (const span of [null, {}, { spanData: null }, { get spanData() { throw new Error('hostile'); } }]) {
    await processor.onSpanStart(span);
    await processor.onSpanEnd(span);
  }
  await processor.forceFlush();
  await processor.shutdown(10);
});
