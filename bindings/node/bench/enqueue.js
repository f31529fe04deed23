// What client.events.enqueue() costs its caller, per call, in microseconds: `node enqueue.js object|text PAYLOAD`.
import { AxonPush } from 'axonpush-native';

const ROUNDS = 101;
const EVENTS = 500;

const [, , kind, text] = process.argv;
const payload = kind === 'object' ? JSON.parse(text) : text;
const client = new AxonPush({ proxy: '', queueMaxEvents: 1_000_000, queueMaxBytes: 1_000_000_000 });
const rounds = [];
for (let round = 0; round < ROUNDS; round += 1) {
  const start = performance.now();
  for (let n = 0; n < EVENTS; n += 1) {
    client.events.enqueue({
      identifier: 'checkout.reserve_stock',
      payload,
      channelId: 'ch_01J9Z3K8Q4T7',
      eventType: 'agent.tool_call.end',
    });
  }
  rounds.push(((performance.now() - start) * 1000) / EVENTS);
  await client.flush(60_000);
}
const { accepted, delivered } = client.stats();
await client.close();
if (delivered !== ROUNDS * EVENTS || accepted !== delivered) throw new Error(`${delivered} of ${accepted} were delivered`);
console.log(rounds.sort((a, b) => a - b)[ROUNDS >> 1].toFixed(3));
