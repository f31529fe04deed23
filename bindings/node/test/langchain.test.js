import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { RunnableLambda } from '@langchain/core/runnables';
import { tool } from '@langchain/core/tools';
import { FakeListChatModel } from '@langchain/core/utils/testing';

import { Trace, withTrace } from 'axonpush-native';
import { AxonPushCallbackHandler } from 'axonpush-native/langchain';
import { DEAD, DevServer } from './helpers.js';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
beforeEach(() => server.reset());
after(async () => {
  await server.reset();
  server.stop();
});

async function sent(client) {
  await client.flush();
  return (await server.requests()).map(({ body }) => JSON.parse(body));
}
const one = (events, identifier) => {
  const found = events.filter((event) => event.identifier === identifier);
  assert.equal(found.length, 1, `${identifier} in ${events.map((event) => event.identifier)}`);
  return found[0];
};

const weather = tool(async ({ city }) => `sunny in ${city}`, { name: 'weather', description: 'w', schema: { type: 'object', properties: { city: { type: 'string' } } } });

const chain = () => {
  const model = new FakeListChatModel({ responses: ['abc'] });
  return RunnableLambda.from(async (city, config) => {
    const response = await model.invoke(`how is ${city}?`, config);
    return `${response.content}: ${await weather.invoke({ city }, config)}`;
  }).withConfig({ runName: 'forecast', tags: ['mine'], metadata: { thread_id: 't7' } });
};

test('a chain with a model and a tool', async () => {
  const client = server.client({ contentCapture: 'full', maxConnections: 1 });
  const handler = new AxonPushCallbackHandler(client, { channelId: 'ch_1', metadata: { mine: 1 } });
  const trace = new Trace();
  const output = await withTrace(trace, () => chain().invoke('Rome', { callbacks: [handler] }));
  assert.equal(output, 'abc: sunny in Rome');
  const events = await sent(client);
  const start = one(events, 'chain.start');
  assert.deepEqual([start.eventType, start.channel_id, start.agentId, start.traceId, start.parentSpanId], ['agent.start', 'ch_1', 'langchain', trace.traceId, trace.spanId]);
  assert.equal(start.payload.chain_type, 'forecast');
  assert.match(JSON.stringify(start.payload.input), /Rome/);
  assert.deepEqual(start.metadata, { mine: 1, framework: 'langchain', langchain_run_id: start.spanId, thread_id: 't7', tags: ['mine'], ...(start.metadata.run_type && { run_type: start.metadata.run_type }) });
  const end = one(events, 'chain.end');
  assert.deepEqual([end.eventType, end.spanId], ['agent.end', start.spanId]);
  assert.match(JSON.stringify(end.payload.output), /sunny in Rome/);

  const llm = one(events, 'llm.start');
  assert.deepEqual([llm.eventType, llm.parentSpanId, llm.payload.prompt_count, llm.metadata.langchain_parent_run_id], ['agent.start', start.spanId, 1, start.spanId]);
  assert.equal(llm.payload.model, 'FakeListChatModel');
  const llmEnd = one(events, 'llm.end');
  assert.deepEqual([llmEnd.eventType, llmEnd.payload, llmEnd.spanId], ['agent.end', { generations: 1 }, llm.spanId]);

  const call = one(events, 'tool.weather.start');
  assert.deepEqual([call.eventType, call.parentSpanId, call.payload], ['agent.tool_call.start', start.spanId, { tool_name: 'weather', input: { city: 'Rome' } }]);
  const result = one(events, 'tool.end');
  assert.deepEqual([result.eventType, result.spanId], ['agent.tool_call.end', call.spanId]);
  assert.match(JSON.stringify(result.payload.output), /sunny in Rome/);
  assert.ok(events.every((event) => event.traceId === trace.traceId));
  assert.equal(handler.lost, 0);
});

test('tokens and errors', async () => {
  const client = server.client({ contentCapture: 'full' });
  const handler = new AxonPushCallbackHandler(client, { traceId: 'mine', agentId: 'a7' });
  const callbacks = [handler];
  for await (const part of await new FakeListChatModel({ responses: ['abc'] }).stream('x', { callbacks })) void part;
  const broken = RunnableLambda.from(async () => {
    throw new RangeError('too far');
  });
  await assert.rejects(broken.invoke('x', { callbacks }), RangeError);
  const failing = tool(async () => { throw new TypeError('no tool'); }, { name: 'failing', description: 'f', schema: { type: 'object', properties: {} } });
  await assert.rejects(failing.invoke({}, { callbacks }), TypeError);
  const model = new FakeListChatModel({ responses: ['x'] });
  model._generate = async () => { throw new RangeError('no model'); };
  await assert.rejects(model.invoke('x', { callbacks }), RangeError);
  const events = await sent(client);
  const tokens = events.filter((event) => event.identifier === 'llm.token');
  assert.deepEqual(tokens.map((event) => event.payload.output).sort(), ['a', 'b', 'c']);
  assert.ok(tokens.every((event) => event.eventType === 'agent.llm.token'));
  for (const [identifier, payload] of Object.entries({
    'chain.error': { error_type: 'RangeError', message: 'too far' },
    'tool.error': { error_type: 'TypeError', message: 'no tool' },
    'llm.error': { error_type: 'RangeError', message: 'no model' },
  })) {
    const event = one(events, identifier);
    assert.deepEqual([event.eventType, event.payload], ['agent.error', payload]);
  }
  assert.ok(events.every((event) => event.traceId === 'mine' && event.agentId === 'a7'));
});

test('every root run is a trace of its own, which its child runs belong to', async () => {
  const client = server.client();
  const handler = new AxonPushCallbackHandler(client);
  await Promise.all(Array.from({ length: 5 }, () => chain().invoke('Rome', { callbacks: [handler] })));
  const events = await sent(client);
  const traces = Map.groupBy ? Map.groupBy(events, (event) => event.traceId) : events.reduce((map, event) => map.set(event.traceId, [...(map.get(event.traceId) ?? []), event]), new Map());
  assert.equal(traces.size, 5);
  for (const [traceId, ofTrace] of traces) {
    assert.equal(ofTrace.length, 6);
    assert.equal(one(ofTrace, 'chain.start').spanId, traceId, 'the trace is named after the root run');
  }
});

test('runs below the same unknown parent are one trace, and open runs are not remembered for ever', () => {
  const client = server.client();
  const traces = new Map();
  client._observe = (event) => traces.set(event.identifier + event.spanId, event.traceId);
  const handler = new AxonPushCallbackHandler(client);
  handler.handleLLMStart({}, [], 'first', 'outside');
  handler.handleLLMStart({}, [], 'second', 'outside');
  handler.handleLLMEnd({}, 'second', 'outside');
  assert.deepEqual([...traces.values()], ['outside', 'outside', 'outside']);
  handler.handleChainStart({}, {}, 'root');
  handler.handleLLMStart({}, [], 'child', 'root');
  for (let n = 0; n < 10_000; n += 1) handler.handleChainStart({}, {}, `open${n}`);
  handler.handleLLMNewToken('t', {}, 'child', 'root');
  handler.handleChainEnd({}, 'open5');
  assert.deepEqual([traces.get('llm.startchild'), traces.get('llm.tokenchild'), traces.get('chain.endopen5')], ['root', 'root', 'open5']);
});

test('the chain does not notice what happens to its events', async () => {
  const noise = [];
  const { warn, error } = console;
  console.warn = console.error = (...text) => noise.push(text);
  try {
    for (const failOpen of [true, false]) {
      for (const [baseUrl, fault] of [[DEAD], [server.url, { status: 401 }], [server.url, { status: 500 }], [server.url, { delayMs: 300 }]]) {
        await server.reset();
        if (fault) await server.fault({ path: '/event', times: 1000, ...fault });
        const client = server.client({ baseUrl, failOpen, shutdownTimeoutMs: 50 });
        assert.equal(await chain().invoke('Rome', { callbacks: [new AxonPushCallbackHandler(client)] }), 'abc: sunny in Rome');
      }
    }
    const client = server.client();
    const handler = new AxonPushCallbackHandler(client);
    await client.close();
    assert.equal(await chain().invoke('Rome', { callbacks: [handler] }), 'abc: sunny in Rome');
    assert.equal(handler.lost, 6);
    const hostile = { get output() { throw new Error('hostile'); }, toJSON() { throw new Error('hostile'); } };
    handler.handleChainStart(hostile, hostile, 'r');
    handler.handleChainEnd(hostile, 'r');
    handler.handleLLMStart(null, null, 'r');
    handler.handleToolStart({ name: Symbol('x') }, hostile, 'r');
    handler.handleToolError(undefined, 'r');
    assert.deepEqual(noise, []);
  } finally {
    Object.assign(console, { warn, error });
  }
});
