// That all languages write the same payloads is a matter of tests/conformance/genai.json.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';

import { agentRun, Attribute, AxonPushError, EventType, modelCall, toolCall } from '../src/index.js';
import { DevServer } from './helpers.js';

const WORD = 'Quittenmus';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
beforeEach(() => server.reset());
after(async () => {
  await server.reset();
  server.stop();
});

test('the attributes are those of the header', () => {
  const header = readFileSync(new URL('../../../include/axonpush.h', import.meta.url), 'utf8');
  const macros = [...header.matchAll(/#define AXONPUSH_ATTR_(\w+) "([^"]+)"/g)].map(([, name, value]) => [name, value]);
  assert.ok(macros.length > 0);
  assert.deepEqual(Object.entries(Attribute), macros);
  assert.ok(Object.isFrozen(Attribute));
  const declared = readFileSync(new URL('../index.d.ts', import.meta.url), 'utf8').match(/declare const Attribute: [^}]*\}/)?.[0] ?? '';
  assert.deepEqual([...declared.matchAll(/(\w+): '([^']+)'/g)].map(([, name, value]) => [name, value]), macros, 'index.d.ts');
});

test('what is undefined or null is not said, and a misspelt member is refused', () => {
  assert.deepEqual(modelCall({ provider: null, inputTokens: undefined, finishReason: null }), { 'gen_ai.operation.name': 'chat' });
  assert.deepEqual(toolCall({}), { 'gen_ai.operation.name': 'execute_tool' });
  assert.deepEqual(agentRun({}), { 'gen_ai.operation.name': 'invoke_agent' });
  const refused = (/** @type {any} */ error) =>
    error instanceof AxonPushError && error.status === 'AXONPUSH_ERR_INVALID_ARGUMENT' && /modelCall: it has no member "model"/.test(error.message);
  assert.throws(() => modelCall(/** @type {any} */ ({ model: 'gpt-5' })), refused);
});

/** Publishes a run with a planted word in each place that holds content. */
async function publishRun(client) {
  const said = [{ role: 'user', parts: [{ type: 'text', content: WORD }] }];
  const events = [
    [EventType.AGENT_END, agentRun({ agentName: 'planner', systemInstructions: WORD, inputMessages: said, outputMessages: WORD })],
    [EventType.APP_SPAN, modelCall({
      requestModel: 'gpt-5', inputTokens: 120, outputTokens: 45, costUsd: 0.0021, durationMs: 812.5,
      systemInstructions: WORD, inputMessages: said, outputMessages: { deep: [WORD] },
    })],
    [EventType.AGENT_TOOL_CALL_END, toolCall({ name: 'weather', errorType: 'timeout', arguments: { q: WORD }, result: WORD })],
  ];
  for (const [eventType, payload] of events) await client.events.publish({ identifier: 'step', eventType, payload });
  return JSON.stringify(await server.requests());
}

test('by default the service sees nothing of what was said, and reads the rest', async () => {
  const client = server.client();
  assert.ok(!(await publishRun(client)).includes(WORD));
  const kinds = Object.fromEntries((await client.events.search()).map((event) => [event.semanticKind, event]));
  const { agent, llm, tool } = kinds;
  assert.equal(agent.agentName, 'planner');
  assert.deepEqual([llm.requestModel, llm.inputTokens, llm.outputTokens, llm.totalTokens, llm.costUsd, llm.durationMs], ['gpt-5', 120, 45, 165, 0.0021, 812.5]);
  assert.deepEqual([tool.toolName, tool.errorType, tool.status], ['weather', 'timeout', 'error']);
});

test('it sees it when asked to, so that the test above means something', async () => {
  assert.equal((await publishRun(server.client({ contentCapture: 'full' }))).split(WORD).length, 9);
});
