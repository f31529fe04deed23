// Compiled for Node 20, which has no `using` of its own, and run by test/using.test.js.
import { AxonPush } from 'axonpush-native';

let begun: AxonPush;
{
  using client = new AxonPush();
  begun = client;
  client.events.enqueue({ identifier: 'using', payload: {} });
}
await begun.close();

let ended: AxonPush;
{
  await using client = new AxonPush();
  ended = client;
  client.events.enqueue({ identifier: 'await using', payload: {} });
}
try {
  ended.stats();
} catch (error) {
  console.log((error as { status: string }).status);
}
