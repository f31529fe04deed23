// What people, models and tools say, and what errors quote, does not reach the service by default. Each run here has a planted word
// in all of these places, and the word is looked for in everything that the service has received and stored.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import Anthropic from '@anthropic-ai/sdk';
import { HumanMessage, SystemMessage } from '@langchain/core/messages';
import { RunnableLambda } from '@langchain/core/runnables';
import { tool as langchainTool } from '@langchain/core/tools';
import { FakeListChatModel } from '@langchain/core/utils/testing';
import { Agent, handoff, Runner, setTraceProcessors, setTracingDisabled, tool as openaiTool, Usage } from '@openai/agents';
import pino from 'pino';
import winston from 'winston';

import { AxonPushAnthropicTracer } from 'axonpush-native/anthropic';
import { AxonPushCallbackHandler } from 'axonpush-native/langchain';
import { AxonPushTracingProcessor } from 'axonpush-native/openai-agents';
import { pinoDestination } from 'axonpush-native/pino';
import { AxonPushTransport } from 'axonpush-native/winston';
import { DevServer } from './helpers.js';

const WORD = 'Quittenmus';

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

const schema = /** @type {any} */ ({ type: 'object', properties: { q: { type: 'string' } }, required: [], additionalProperties: true });

/** Everything that the service has received and stored, as text, and the number of events. */
async function service(client) {
  await client.flush();
  const requests = JSON.stringify(await server.requests());
  const stored = await client.events.search({ limit: 500, since: new Date(0) });
  return { everything: requests + JSON.stringify(stored), count: stored.length };
}

async function langchain(client) {
  const callbacks = [new AxonPushCallbackHandler(client)];
  const lookUp = langchainTool(async ({ q }) => ({ found: `${q}: ${WORD}`, deep: [{ text: WORD }] }), { name: 'look_up', description: WORD, schema });
  const failing = langchainTool(async () => { throw new TypeError(`no ${WORD}`); }, { name: 'failing', description: 'f', schema });
  const model = new FakeListChatModel({ responses: [`the answer is ${WORD}`] });
  const chain = RunnableLambda.from(async (input, config) => {
    const response = await model.invoke([new SystemMessage(`be ${WORD}`), new HumanMessage(input.question)], config);
    await lookUp.invoke({ q: WORD }, config);
    await failing.invoke({ q: WORD }, config).catch(() => {});
    for await (const part of await model.stream(WORD, config)) void part;
    return { text: response.content, history: [response] };
  });
  await chain.invoke({ question: `what is ${WORD}?` }, { callbacks });
  const broken = RunnableLambda.from(async (input) => { throw new RangeError(`cannot read ${input}`); });
  await assert.rejects(broken.invoke(WORD, { callbacks }), RangeError);
  const noModel = new FakeListChatModel({ responses: ['x'] });
  noModel._generate = async () => { throw new RangeError(`no model for ${WORD}`); };
  await assert.rejects(noModel.invoke(WORD, { callbacks }), RangeError);
  await assert.rejects(RunnableLambda.from(async () => { throw `a string: ${WORD}`; }).invoke('x', { callbacks }));
}

async function anthropic(client) {
  const message = {
    id: 'm', type: 'message', role: 'assistant', model: 'claude-x', stop_reason: 'tool_use', stop_sequence: WORD,
    usage: { input_tokens: 5, output_tokens: 7 },
    content: [{ type: 'thinking', thinking: WORD, signature: WORD }, { type: 'text', text: WORD }, { type: 'tool_use', id: 'tu_1', name: 'look_up', input: { q: WORD, deep: [{ text: WORD }] } }],
  };
  const parameters = {
    model: 'claude-x', max_tokens: 9, system: WORD, stop_sequences: [WORD], metadata: { user_id: WORD },
    tools: [{ name: 'look_up', description: WORD, input_schema: schema }],
    messages: [{ role: 'user', content: WORD }, { role: 'user', content: [{ type: 'text', text: WORD }] }],
  };
  const tracer = new AxonPushAnthropicTracer(client);
  const sdk = (status, body) => new Anthropic({ apiKey: 'x', maxRetries: 0, fetch: async () => Response.json(body, { status }) });
  await tracer.wrap(sdk(200, message)).messages.create(/** @type {any} */ (parameters));
  tracer.sendToolResult('tu_1', WORD);
  tracer.sendToolResult('tu_1', { deep: { text: WORD }, [WORD]: 1 });
  const refused = sdk(400, { type: 'error', error: { type: 'invalid_request_error', message: `${WORD} is not allowed` } });
  await assert.rejects(tracer.wrap(refused).messages.create(/** @type {any} */ (parameters)), Anthropic.BadRequestError);
  await tracer.wrap({ messages: { create: async () => message } }).messages.create(parameters);
}

async function openai(client) {
  const processor = new AxonPushTracingProcessor(client);
  setTraceProcessors([processor]);
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
  const tools = [
    openaiTool({ name: 'look_up', description: WORD, strict: false, parameters: schema, execute: async ({ q }) => `${q}: ${WORD}` }),
    openaiTool({ name: 'failing', description: WORD, strict: false, parameters: schema, execute: async () => { throw new TypeError(WORD); }, errorFunction: null }),
  ];
  const second = new Agent({ name: 'second', instructions: WORD, model: new FakeModel(calls('look_up', { q: WORD }), says(WORD)), tools });
  const first = new Agent({ name: 'first', instructions: WORD, model: new FakeModel(calls('transfer_to_second', {})), handoffs: [handoff(second)] });
  await new Runner().run(first, WORD);
  await assert.rejects(new Runner().run(new Agent({ name: 'broken', model: new FakeModel(new RangeError(WORD)) }), WORD));
  await assert.rejects(new Runner().run(new Agent({ name: 'third', model: new FakeModel(calls('failing', { q: WORD })), tools }), WORD));
  const span = (spanId, parentId, spanData, error = null) => ({ spanId, parentId, traceId: 't', spanData, error });
  const spans = [
    span('a', null, { type: 'agent', name: 'x', output_type: 'string' }, { message: WORD, data: { text: WORD } }),
    span('b', 'a', { type: 'generation', input: [{ content: WORD }], output: [says(WORD)], model: 'm' }),
    span('c', 'a', { type: 'response', _input: WORD, _response: { output: [says(WORD)] } }),
    span('d', 'a', { type: 'function', name: 'f', input: WORD, output: WORD }, { message: WORD }),
    span('e', 'a', { type: 'guardrail', name: 'g', triggered: true }),
    span('f', 'a', { type: 'custom', name: 'c', data: { text: WORD } }),
  ];
  for (const each of spans) await processor.onSpanStart(each);
  for (const each of spans.reverse()) await processor.onSpanEnd(each);
}

const RUNS = { langchain: [langchain, 20], anthropic: [anthropic, 10], openai: [openai, 15] };

for (const [name, [run, least]] of Object.entries(RUNS)) {
  test(`${name}: by default the service sees nothing of what was said`, async () => {
    const client = server.client();
    await run(client);
    const { everything, count } = await service(client);
    assert.ok(count >= least, `${count} events`);
    assert.ok(!everything.includes(WORD), everything.slice(Math.max(0, everything.indexOf(WORD) - 300), everything.indexOf(WORD) + 50));
  });

  test(`${name}: it sees it when asked to, so that the test above means something`, async () => {
    const client = server.client({ contentCapture: 'full' });
    await run(client);
    assert.ok((await service(client)).everything.split(WORD).length > 3);
  });
}

test('secrets in the arguments and results of tools are found by their names, whatever is captured', async () => {
  const client = server.client({ contentCapture: 'full' });
  const secrets = { user: 'ada', password: WORD, deep: [{ api_key: WORD }], filler: 'x'.repeat(5000) };
  const handler = new AxonPushCallbackHandler(client);
  handler.handleToolStart({ name: 'log_in' }, JSON.stringify(secrets), 'run');
  handler.handleToolEnd(secrets, 'run');
  handler.handleChainStart({}, Object.assign(secrets, { itself: secrets }), 'other');
  const tracer = new AxonPushAnthropicTracer(client);
  tracer.sendToolResult('tu_1', secrets);
  const message = { content: [{ type: 'tool_use', id: 'tu_1', name: 'log_in', input: secrets }] };
  await tracer.wrap({ messages: { create: async () => message } }).messages.create({});
  pino({}, pinoDestination(client)).info({ token: { refresh_token: WORD } }, 'line');
  winston.createLogger({ transports: [new AxonPushTransport(client)] }).info('line', { secrets });
  const { everything, count } = await service(client);
  assert.equal(count, 8);
  assert.ok(everything.includes('ada'));
  assert.ok(!everything.includes(WORD));
});
