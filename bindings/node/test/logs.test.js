import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import pino from 'pino';
import winston from 'winston';

import { Trace, withTrace } from 'axonpush-native';
import { pinoDestination } from 'axonpush-native/pino';
import { AxonPushTransport } from 'axonpush-native/winston';
import { DEAD, DevServer, runScript } from './helpers.js';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
beforeEach(() => server.reset());
after(async () => {
  await server.reset();
  server.stop();
});

async function sent(client) {
  await client.flush();
  return (await server.requests()).map(({ body }) => JSON.parse(body)).sort((a, b) => (a.occurredAt < b.occurredAt ? -1 : 1));
}

test('a line of pino is a log record', async () => {
  const client = server.client();
  const logger = pino({ name: 'orders', base: { pid: 7 } }, pinoDestination(client, { serviceName: 'shop', channelId: 'ch_1', agentId: 'a7' }));
  const before = Date.now();
  const trace = new Trace();
  withTrace(trace, () => logger.warn({ order: 4711, deep: { a: [1] } }, 'late by %d', 3));
  const [event] = await sent(client);
  assert.equal(event.identifier, 'orders');
  assert.equal(event.eventType, 'app.log');
  assert.equal(event.channel_id, 'ch_1');
  assert.equal(event.agentId, 'a7');
  assert.deepEqual([event.traceId, event.parentSpanId], [trace.traceId, trace.spanId]);
  const { timeUnixNano, ...payload } = event.payload;
  assert.deepEqual(payload, {
    severityNumber: 13,
    severityText: 'WARN',
    body: 'late by 3',
    attributes: { pid: 7, order: 4711, deep: { a: [1] } },
    resource: { 'service.name': 'shop' },
  });
  assert.match(timeUnixNano, /^\d{19}$/);
  const ms = Number(timeUnixNano.slice(0, 13));
  assert.ok(ms >= before && ms <= Date.now());
  assert.equal(Date.parse(event.occurredAt), ms);
});

test('levels, errors and forms of pino', async () => {
  const client = server.client();
  const options = { level: 'trace', base: null, customLevels: { audit: 35 }, messageKey: 'text', timestamp: pino.stdTimeFunctions.isoTime };
  const logger = pino(options, pinoDestination(client, { messageKey: 'text', eventType: 'agent.log' }));
  for (const level of ['trace', 'debug', 'info', 'audit', 'warn', 'error', 'fatal']) logger[level]({ level: undefined }, level);
  logger.error(new RangeError('too far'));
  logger.child({ part: 1 }).info({ no: 'text' });
  const events = await sent(client);
  const severities = Object.fromEntries(events.map(({ payload }) => [payload.body, payload.severityNumber]));
  assert.deepEqual(severities, { trace: 1, debug: 5, info: 9, audit: 9, warn: 13, error: 17, fatal: 21, 'too far': 17, '': 9 });
  const { attributes } = events.find(({ payload }) => payload.body === 'too far').payload;
  assert.deepEqual([attributes['exception.type'], attributes['exception.message']], ['RangeError', 'too far']);
  assert.match(attributes['exception.stacktrace'], /logs\.test\.js/);
  assert.ok(events.every(({ eventType, identifier }) => eventType === 'agent.log' && identifier === 'log'));
  assert.deepEqual(events.find(({ payload }) => payload.body === '').payload.attributes, { part: 1, no: 'text' });
});

test('a line of winston is a log record', async () => {
  const client = server.client();
  const transport = new AxonPushTransport(client, { serviceName: 'shop', level: 'debug' });
  const { combine, colorize, timestamp, errors } = winston.format;
  const logger = winston.createLogger({ level: 'silly', format: combine(errors({ stack: true }), timestamp(), colorize()), transports: [transport] });
  const trace = new Trace();
  const cyclic = { n: 10n };
  Object.assign(cyclic, { cyclic });
  withTrace(trace, () => logger.warn('late', { order: 4711, cyclic, big: 7n, cause: new RangeError('too far') }));
  logger.error(new TypeError('broken'));
  logger.debug('fine');
  logger.silly('below the level of the transport');
  const events = await sent(client);
  const late = events.find(({ payload }) => payload.body === 'late');
  assert.deepEqual([late.traceId, late.parentSpanId, late.identifier], [trace.traceId, trace.spanId, 'log']);
  const { severityNumber, severityText, attributes, resource } = late.payload;
  assert.deepEqual([severityNumber, severityText, resource], [13, 'WARN', { 'service.name': 'shop' }]);
  assert.deepEqual([attributes.order, attributes.big, attributes['exception.type'], attributes['exception.message']], [4711, '7', 'RangeError', 'too far']);
  assert.deepEqual(attributes.cyclic, { n: '10', cyclic: '[Circular]' });
  const broken = events.find(({ payload }) => payload.severityNumber === 17).payload;
  assert.match(broken.body, /broken/);
  assert.match(broken.attributes['exception.stacktrace'], /logs\.test\.js/);
  assert.deepEqual(events.map(({ payload }) => payload.severityNumber).sort((a, b) => a - b), [5, 13, 17]);
  assert.equal(transport.lost, 0);
});

test('a transport of winston has a level, a format and silence of its own', async () => {
  const client = server.client();
  const { format } = winston;
  const upper = format((info) => (info.secret ? false : { ...info, message: info.message.toUpperCase() }));
  const formatted = new AxonPushTransport(client, { level: 'warn', format: upper() });
  const silent = new AxonPushTransport(client, { silent: true });
  const levelOfLogger = new AxonPushTransport(client, { serviceName: 'all' });
  const logger = winston.createLogger({ level: 'info', transports: [formatted, silent, levelOfLogger] });
  logger.warn('late');
  logger.info('fine');
  logger.debug('below every level');
  logger.warn('filtered', { secret: true });
  logger.remove(levelOfLogger);
  logger.info('removed');
  const bodies = (await sent(client)).map(({ payload }) => `${payload.body} ${payload.resource['service.name'] ?? ''}`.trim());
  assert.deepEqual(bodies.sort(), ['LATE', 'filtered all', 'fine all', 'late all']);
  const faulty = new AxonPushTransport(client, { format: format(() => { throw new RangeError('faulty format'); })() });
  const other = winston.createLogger({ transports: [faulty] });
  assert.throws(() => other.info('x'), /faulty format/);
  assert.deepEqual([formatted.lost, silent.lost, levelOfLogger.lost], [0, 0, 0]);
});

test('pino takes a multistream as its second argument, and only there', async () => {
  const client = server.client();
  const destination = pinoDestination(client);
  pino({}, pino.multistream([destination])).info('published');
  assert.deepEqual((await sent(client)).map(({ payload }) => payload.body), ['published']);
  // As its only argument, pino takes it for options and writes to stdout. If this changes, README.md and pino.d.ts need not say so.
  const stdout = await runScript(`
    import pino from ${JSON.stringify(import.meta.resolve('pino'))};
    pino(pino.multistream([{ write() { throw new Error('written to'); } }])).info('x');`);
  assert.match(stdout.stdout, /"msg":"x"/);
});

test('uncaught exceptions are published by a transport of winston that is asked to', async () => {
  const end = await runScript(`
    import winston from ${JSON.stringify(import.meta.resolve('winston'))};
    import { AxonPushTransport } from ${JSON.stringify(import.meta.resolve('axonpush-native/winston'))};
    const client = new AxonPush({ proxy: '' });
    winston.createLogger({ exitOnError: false, transports: [
      new AxonPushTransport(client, { handleExceptions: true, handleRejections: true, serviceName: 'all' }), new AxonPushTransport(client)] });
    setTimeout(() => { throw new RangeError('not caught'); }, 10);
    Promise.reject(new TypeError('not handled'));
    await sleep(300);
    await client.close();`, { url: server.url });
  assert.equal(end.stdout, '');
  const services = (await server.requests()).map(({ body }) => JSON.parse(body).payload).map(({ body, resource }) => [body.split('\n')[0], resource['service.name']]).sort();
  assert.deepEqual(services.map(([body, service]) => [/not (caught|handled)/.test(body), service]), [[true, 'all'], [true, 'all']], end.stderr);
});

test('levels of syslog', async () => {
  const client = server.client();
  const logger = winston.createLogger({ levels: winston.config.syslog.levels, level: 'debug', transports: [new AxonPushTransport(client)] });
  for (const level of Object.keys(winston.config.syslog.levels)) logger.log(level, level);
  const severities = Object.fromEntries((await sent(client)).map(({ payload }) => [payload.body, payload.severityNumber]));
  assert.deepEqual(severities, { emerg: 21, alert: 19, crit: 18, error: 17, warning: 13, notice: 10, info: 9, debug: 5 });
});

test('what cannot be handed over is counted and breaks nothing, in strict mode too', async () => {
  const client = server.client({ failOpen: false, overflow: 'block', queueMaxEvents: 1, baseUrl: DEAD });
  const destination = pinoDestination(client);
  const logger = pino(destination);
  const transport = new AxonPushTransport(client);
  const other = winston.createLogger({ transports: [transport] });
  logger.info('takes the only place');
  logger.info('no room');
  other.info('no room');
  destination.write('no JSON');
  const hostile = { get message() { throw new Error('hostile'); } };
  transport.log(hostile, () => {});
  assert.deepEqual([destination.lost, transport.lost, client.stats().logEventsLost, client.stats().accepted], [2, 2, 4, 1]);
  await client.shutdown(0).catch(() => {});
  logger.info('too late');
  assert.equal(client.stats().logEventsLost, 5);
  await client.close();
  logger.info('later still');
  other.info('later still');
  assert.deepEqual([destination.lost, transport.lost], [4, 3]);
});

const APPLICATION = (failOpen) => `
  import pino from ${JSON.stringify(import.meta.resolve('pino'))};
  import winston from ${JSON.stringify(import.meta.resolve('winston'))};
  import { pinoDestination } from ${JSON.stringify(import.meta.resolve('axonpush-native/pino'))};
  import { AxonPushTransport } from ${JSON.stringify(import.meta.resolve('axonpush-native/winston'))};
  const client = new AxonPush({ failOpen: ${failOpen}, proxy: '', timeoutMs: 300, shutdownTimeoutMs: 200 });
  const logger = pino(pinoDestination(client));
  const other = winston.createLogger({ transports: [new AxonPushTransport(client)] });
  for (let n = 0; n < 20; n += 1) { logger.info({ n }, 'line'); other.warn('line', { n }); await sleep(1); }
  console.log('done');
  process.exitCode = 3;`;

for (const failOpen of [true, false]) {
  test(`the application’s output and exit code are its own, whatever the service does: failOpen ${failOpen}`, async () => {
    const runs = [];
    runs.push(await runScript(APPLICATION(failOpen), { url: DEAD }));
    for (const fault of [{ status: 401 }, { status: 500 }, { delayMs: 1000 }]) {
      await server.reset();
      await server.fault({ path: '/event', times: 1000, ...fault });
      runs.push(await runScript(APPLICATION(failOpen), { url: server.url }));
    }
    for (const { code, stdout, stderr } of runs) assert.deepEqual([code, stdout], [3, 'done\n'], stderr);
    for (const { stderr } of runs) assert.doesNotMatch(stderr, /Unhandled|Warning:|Error:/);
  });
}
