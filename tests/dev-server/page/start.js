// @ts-check
/** The empty page is the quickstart: this server's URL and key, ready to copy. */
import * as api from './api.js';
import { button, copyButton, element, fill } from './dom.js';

/** @typedef {import('./api.js').About} About */

/** @type {{ [language: string]: (url: string, key: string) => string }} */
const SNIPPETS = {
  curl: (url, key) => `curl ${url}/event -H 'X-API-Key: ${key}' \\
  --json '{"identifier": "hello", "payload": {"n": 1}}'`,
  C: (url, key) => `#include <axonpush.h>

int main(void) {
    axonpush_options options = AXONPUSH_OPTIONS_INIT;
    options.api_key = "${key}";
    options.base_url = "${url}";
    axonpush_client *client = axonpush_new(&options, NULL);

    axonpush_event event = AXONPUSH_EVENT_INIT;
    event.identifier = "hello";
    event.payload = "{\\"n\\": 1}";
    axonpush_events_publish_async(client, &event, NULL, NULL, NULL);
    axonpush_close(client); /* delivers what waits, for 2 s */
    return 0;
}`,
  'C++': (url, key) => `#include <axonpush.hpp>

int main() {
    axonpush::Options options;
    options.api_key = "${key}";
    options.base_url = "${url}";
    axonpush::Client client(options);

    axonpush::Event event;
    event.identifier = "hello";
    event.payload = R"({"n": 1})";
    client.publish_async(event);
} // delivers what waits, for 2 s`,
  Go: (url, key) => `package main

import (
	"context"
	"log"

	axonpush "github.com/axonpush/libaxonpush/bindings/go"
)

func main() {
	client, err := axonpush.New(axonpush.Options{APIKey: "${key}", BaseURL: "${url}"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close() // delivers what waits, for 2 s
	event := axonpush.Event{Identifier: "hello", Payload: map[string]any{"n": 1}}
	if _, err := client.Events.Publish(context.Background(), event); err != nil {
		log.Fatal(err)
	}
}`,
  Node: (url, key) => `import { AxonPush } from 'axonpush-native';

const client = new AxonPush({ apiKey: '${key}', baseUrl: '${url}' });
client.events.enqueue({ identifier: 'hello', payload: { n: 1 } });
await client.close(); // delivers what waits, for 2 s`,
  Python: (url, key) => `from axonpush import AxonPush

with AxonPush(api_key="${key}", base_url="${url}") as client:
    client.events.publish("hello", {"n": 1}, "my-channel")`,
  OpenTelemetry: (url, key) => `export OTEL_EXPORTER_OTLP_ENDPOINT=${url}
export OTEL_EXPORTER_OTLP_HEADERS=X-API-Key=${key}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`,
};

/** A run of an agent in four events, as a program would publish it. */
function testRun() {
  const hex = (/** @type {number} */ bytes) => [...crypto.getRandomValues(new Uint8Array(bytes))]
    .map((it) => it.toString(16).padStart(2, '0')).join('');
  const [traceId, agent, model, tool] = [hex(16), hex(8), hex(8), hex(8)];
  const now = Date.now();
  const at = (/** @type {number} */ ms) => new Date(now - 2000 + ms).toISOString();
  const common = { traceId, channel_id: 'test' };
  return [
    { ...common, identifier: 'plan a trip', eventType: 'agent.start', spanId: agent, occurredAt: at(0),
      payload: { 'gen_ai.agent.name': 'planner', 'duration_ms': 1900, input: '[REDACTED]' } },
    { ...common, identifier: 'chat', eventType: 'app.span', spanId: model, parentSpanId: agent, occurredAt: at(100),
      payload: { attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'a-model', 'duration_ms': 900,
        'gen_ai.usage.input_tokens': 120, 'gen_ai.usage.output_tokens': 45, 'gen_ai.input.messages': '[REDACTED]' } } },
    { ...common, identifier: 'weather', eventType: 'agent.tool_call.end', spanId: tool, parentSpanId: agent,
      occurredAt: at(1100), payload: { 'gen_ai.tool.name': 'weather', 'duration_ms': 300, 'error.type': 'Timeout',
        'error.message': 'no forecast in time' } },
    { ...common, identifier: 'answer', eventType: 'agent.message', spanId: hex(8), parentSpanId: agent,
      occurredAt: at(1850), payload: { role: 'assistant', content: 'Take an umbrella.' } },
  ];
}

/**
 * @param {HTMLElement} place
 * @param {About} about
 * @param {boolean} isEmpty whether the server has no event yet
 * @param {(text: string) => void} say
 */
export function show(place, about, isEmpty, say) {
  const [url, key] = [location.origin, about.apiKey ?? 'ak_...'];
  const code = element('pre', { tabindex: '0', 'aria-label': 'Example' });
  let language = 'curl';
  const tabs = Object.keys(SNIPPETS).map((name) => button(name, () => choose(name), { class: 'tab' }));
  const choose = (/** @type {string} */ name) => {
    language = name;
    code.textContent = SNIPPETS[name](url, key);
    for (const tab of tabs) tab.setAttribute('aria-pressed', String(tab.textContent === name));
  };
  choose(language);
  fill(place,
    element('div', { class: 'start' },
      element('h2', {}, isEmpty ? 'Nothing here yet' : 'How to publish to this server'),
      element('p', {}, 'This is an AxonPush service on your own machine. Publish an event to it, and it appears here by itself.'),
      element('p', {}, about.apiKey
        ? button('Send a test event', () => send(key, say), { class: 'primary' })
        : 'Start the server with an API key of yours (ak_…) to send a test event from here.'),
      element('dl', {},
        element('dt', {}, 'URL'), element('dd', {}, element('code', {}, url), copyButton(() => url)),
        element('dt', {}, 'API key'), element('dd', {}, element('code', {}, key), copyButton(() => key))),
      element('div', { class: 'tabs', role: 'group', 'aria-label': 'Language' }, tabs),
      element('div', { class: 'code' }, copyButton(() => code.textContent ?? ''), code),
      element('p', { class: 'quiet' }, about.keptIn
        ? `Everything is kept in ${about.keptIn}.`
        : 'Everything is in memory and gone with the server; --db FILE keeps it.')));
}

/** @param {string} key @param {(text: string) => void} say */
async function send(key, say) {
  try {
    for (const event of testRun()) await api.publish(key, { ...event, dedupKey: crypto.randomUUID() });
    say('Sent a run of four events.');
  } catch (error) {
    say(`The test event was not taken: ${error instanceof Error ? error.message : error}`);
  }
}
