// What waiting costs: the delay of a result, and the CPU time of a client that has nothing to do, or that waits.
import { AxonPush } from 'axonpush-native';

const client = new AxonPush({ proxy: '' });
const event = { identifier: 'step', payload: { n: 1 } };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1].toFixed(2);

async function times(count, call) {
  const all = [];
  for (let n = 0; n < count; n += 1) {
    const start = performance.now();
    await call();
    all.push(performance.now() - start);
    await sleep(2);
  }
  return median(all);
}

async function cpu(ms) {
  const start = process.cpuUsage();
  await sleep(ms);
  const { user, system } = process.cpuUsage(start);
  return `${((user + system) / (ms * 10)).toFixed(2)} %`;
}

await times(50, () => client.events.publish(event));
console.log(`await publish():          ${await times(200, () => client.events.publish(event))} ms`);
console.log(`await enqueue():          ${await times(200, () => client.events.enqueue(event))} ms`);
console.log(`CPU, nothing under way:   ${await cpu(3000)}`);
const dead = new AxonPush({ proxy: '', baseUrl: 'http://127.0.0.1:1' });
dead.events.enqueue(event);
console.log(`CPU, service unreachable: ${await cpu(3000)}, nobody waits`);
dead.events.enqueue(event).catch(() => {});
console.log(`                          ${await cpu(3000)}, somebody awaits an event`);
await client.close();
await dead.close();
