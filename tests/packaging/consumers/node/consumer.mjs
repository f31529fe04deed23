// Publishes an event and lists it. Configured by the environment.
import { AxonPush } from 'axonpush-native';

const client = new AxonPush({ failOpen: false });
await client.events.publish({ identifier: 'consumer', channelId: 'packaging', payload: { n: 42 } });
const listed = await client.events.list('packaging');
console.log(`listed ${listed.length}, n = ${listed[0]?.payload?.n}, library ${process.env.EXPECTED_VERSION}`);
client.close();
