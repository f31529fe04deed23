// As use.ts: what users of the frameworks' callbacks write.
import Anthropic from '@anthropic-ai/sdk';
import { FakeListChatModel } from '@langchain/core/utils/testing';
import { addTraceProcessor } from '@openai/agents';

import { AxonPush } from 'axonpush-native';
import { AxonPushAnthropicTracer } from 'axonpush-native/anthropic';
import { AxonPushCallbackHandler } from 'axonpush-native/langchain';
import { AxonPushTracingProcessor } from 'axonpush-native/openai-agents';

const client = new AxonPush();
const handler = new AxonPushCallbackHandler(client, { channelId: 'ch', metadata: { mine: 1 } });
await new FakeListChatModel({ responses: ['x'] }).invoke('x', { callbacks: [handler] });
addTraceProcessor(new AxonPushTracingProcessor(client, { traceId: 't' }));
const tracer = new AxonPushAnthropicTracer(client, { agentId: 'a' });
const anthropic: Anthropic = tracer.wrap(new Anthropic());
const message: Anthropic.Message = await anthropic.messages.create({ model: 'm', max_tokens: 1, messages: [] });
const same: Anthropic.Message = await tracer.createMessage(anthropic, { model: 'm', max_tokens: 1, messages: [] });
tracer.sendToolResult('id', { message, same, lost: [handler.lost, tracer.lost] });
// @ts-expect-error a client is needed
new AxonPushTracingProcessor();
const told = await tracer.createMessage(anthropic, { model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'x' }] });
const tokens: number = told.usage.output_tokens;
for await (const each of await tracer.createMessage(anthropic, { model: 'm', max_tokens: 1, messages: [], stream: true })) void [each.type, tokens];
// @ts-expect-error not parameters of the SDK
await tracer.createMessage(anthropic, { model: 'm' });
