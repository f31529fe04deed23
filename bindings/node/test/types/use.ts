// What users write, checked by tsc and never run; `@ts-expect-error` marks what must not compile.
import { agentRun, Attribute, AxonPush, AxonPushError, AxonPushResponse, EventType, modelCall, setLogLevel, signWebhook, toolCall, Trace, verifyWebhook, withTrace } from 'axonpush-native';
import type { App, Channel, AxonPushEvent, AxonPushOptions, AxonPushStats, Delivery, EventQuery, Published, StoredEvent } from 'axonpush-native';

const options: AxonPushOptions = { apiKey: 'ak', failOpen: false, overflow: 'block', queueMaxBytes: 10n ** 9n, redactKeys: ['a'] };
const client = new AxonPush(options);
new AxonPush();
// @ts-expect-error a misspelt option
new AxonPush({ apikey: 'ak' });
// @ts-expect-error not a policy
new AxonPush({ overflow: 'drop' });
new AxonPush({ httpVersion: '2' });
// @ts-expect-error a version is a string
new AxonPush({ httpVersion: 2 });

interface Payload {
  step: number;
}
const payload: Payload = { step: 1 };
const event: AxonPushEvent = { identifier: 'step', payload, eventType: 'agent.start', occurredAt: new Date(), metadata: '{}' };
await client.events.publish({ ...event, eventType: 'my.own' });
// @ts-expect-error payload is required
await client.events.publish({ identifier: 'step' });
// @ts-expect-error a number is no payload
await client.events.publish({ identifier: 'step', payload: 1 });
// @ts-expect-error a misspelt member
await client.events.publish({ identifier: 'step', payload, channelID: 'x' });

const said = modelCall({ requestModel: 'm', inputTokens: 3, inputMessages: [{ role: 'user', content: 'x' }], outputMessages: 'y', costUsd: null });
said[Attribute.USER_ID] = 'u';
await client.events.publish({ identifier: 'chat', payload: said, eventType: EventType.APP_SPAN });
client.events.enqueue({ identifier: 't', payload: toolCall({ name: 't', arguments: { q: 1 }, durationMs: 0.5 }) });
client.events.enqueue({ identifier: 'a', payload: agentRun({ agentName: 'a', errorType: 'timeout' }) });
said satisfies Record<string, unknown>;
Attribute.GEN_AI_REQUEST_MODEL satisfies 'gen_ai.request.model';
// @ts-expect-error a misspelt member
modelCall({ model: 'm' });
// @ts-expect-error a run has no tokens
agentRun({ inputTokens: 3 });
// @ts-expect-error a number of tokens is a number
modelCall({ inputTokens: '3' });
// @ts-expect-error no such attribute
void Attribute.NOTHING;

const response: Published | null = await client.events.publish(event);
// @ts-expect-error null under fail-open
response.eventId;
const id: string | undefined = response?.eventId;
const status: number | undefined = response?.httpStatus;

const delivery: Delivery = client.events.enqueue(event);
await delivery.accepted;
const delivered: Published | null = await delivery;
const all: (Published | null)[] = await Promise.all([delivery, client.events.enqueue(event)]);
delivery.catch((error: unknown) => error).finally(() => {});

const query: EventQuery = { since: new Date(), until: '2026-01-01T00:00:00Z', limit: 5, q: 'text' };
for (const each of await client.events.list('ch', query)) {
  const stored: StoredEvent = each;
  const agent: string | undefined = stored.agentId;
  const other: unknown = stored.anythingElse;
  void [agent, other];
}
await client.events.list();
await client.events.search();

const apps = await client.request<{ apps: { appId: string }[] | null }>('GET', '/apps', { query: { limit: 1 } });
const first: string | undefined = apps?.data.apps?.[0]?.appId;
const raw: AxonPushResponse | null = await client.request('DELETE', '/apps/1');
const text: string | undefined = raw?.text;
// @ts-expect-error no such method
await client.request('FETCH', '/');

try {
  await client.flush(100);
} catch (error) {
  if (error instanceof AxonPushError && error.status === 'AXONPUSH_ERR_TIMEOUT') {
    const { httpStatus, code, hint, requestId, retryAfterMs, retryable } = error;
    const facts: [number | null, string | null, string | null, string | null, number | null, boolean] = [
      httpStatus, code, hint, requestId, retryAfterMs, retryable,
    ];
    void facts;
  }
}
// @ts-expect-error made by the library only
new AxonPushError('AXONPUSH_ERR_API', 'x');

const { signal } = new AbortController();
await client.events.publish(event, { signal, timeoutMs: 5 });
await client.events.search({}, { signal: AbortSignal.timeout(5) });
await client.apps.list({ signal });
await client.traces.get('t', { timeoutMs: 5 });
await client.request('GET', '/', { signal, query: new URLSearchParams() });
await client.flush(5, { signal });
// @ts-expect-error a misspelt option
await client.events.publish(event, { timeout: 5 });
// @ts-expect-error flush has a timeout of its own
await client.flush(5, { timeoutMs: 5 });
new AxonPush({ blockTimeoutMs: 5, log: (level, message) => console.log(level === 'warn', message.length) });
setLogLevel('debug', { log: null });
const stats: AxonPushStats = client.stats();
const accepted: number = stats.accepted;
setLogLevel('debug');
// @ts-expect-error no such level
setLogLevel('verbose');
await client.shutdown();
await client.close();
void [id, status, delivered, all, first, text, accepted, client.libraryVersion];

const shop: AxonPushResponse<App> | null = await client.apps.create('shop');
const appId: string | undefined = shop?.data.appId;
const channels: Channel[] = await client.channels.list(appId ?? '');
await client.environments.create({ name: 'Blue', isProduction: true });
// @ts-expect-error a name is required
await client.environments.create({ slug: 'blue' });
await client.webhooks.create({ channelId: 'ch', url: 'https://h/', eventTypes: ['agent.start', 'my.own'] });
const spans: StoredEvent[] = (await client.traces.get('t'))?.data.spans ?? [];
await client.traces.list({ service: ['a', 'b'], channelId: 'ch', errorsOnly: true });
await client.health.get();
export const resources = [channels, spans];
for await (const each of client.events.iterate('ch', { limit: 10 })) void [each satisfies StoredEvent];
const traced: number = await withTrace(Trace.parse('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01').child(), async () => 1);
// @ts-expect-error immutable
new Trace().spanId = String(traced);
client.events.enqueue({ identifier: 'x', payload, eventType: EventType.AGENT_HANDOFF });
// @ts-expect-error no such type
void EventType.AGENT_STAR;
const verified: boolean = verifyWebhook('s', new Uint8Array(), signWebhook('s', ''));
// @ts-expect-error a parsed body
verifyWebhook('s', { verified }, '');
