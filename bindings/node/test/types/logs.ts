// As use.ts: what users of the log sinks write.
import { pino } from 'pino';
import winston from 'winston';

import { AxonPush } from 'axonpush-native';
import { pinoDestination } from 'axonpush-native/pino';
import { AxonPushTransport } from 'axonpush-native/winston';

const client = new AxonPush();
const destination = pinoDestination(client, { serviceName: 'shop', messageKey: 'text' });
pino(destination).info({ lost: destination.lost }, 'line');
pino({ level: 'warn' }, destination);
pino({}, pino.multistream([process.stdout, destination]));
const transport = new AxonPushTransport(client, { serviceName: 'shop', level: 'warn', eventType: 'agent.log' });
winston.createLogger({ transports: [transport] }).info('line', { lost: transport.lost });
// @ts-expect-error a client is needed
new AxonPushTransport();
// @ts-expect-error a misspelt option
pinoDestination(client, { servicename: 'shop' });
