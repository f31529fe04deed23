// Publishes events and reads them back. It needs AXONPUSH_API_KEY, and AXONPUSH_BASE_URL if the service is not the hosted one.
import { AxonPush, AxonPushError } from 'axonpush-native';

const client = new AxonPush({ channelId: 'quickstart' });
try {
  // Now, with a response.
  const response = await client.events.publish({
    identifier: 'checkout.started',
    payload: { order: 4711, lines: 3 },
    eventType: 'agent.start',
  });
  console.log('published', response === null ? 'nothing: the service cannot be reached' : response.eventId);

  // In the background: enqueue() returns at once, and events are delivered while the program goes on.
  for (let line = 1; line <= 3; line += 1) {
    client.events.enqueue({ identifier: 'checkout.line', payload: { order: 4711, line } });
  }
  await client.flush(5000);

  for (const event of await client.events.list()) {
    console.log(event.eventType, event.payload);
  }
  const { accepted, delivered } = client.stats();
  console.log(`${delivered} of ${accepted} background events were delivered`);
} catch (error) {
  if (!(error instanceof AxonPushError)) throw error;
  console.error(`${error.status}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await client.close();
}
