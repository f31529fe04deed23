import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { Trace, withTrace } from '../src/index.js';
import { DevServer, sleep } from './helpers.js';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
beforeEach(() => server.reset());
after(async () => {
  await server.reset();
  server.stop();
});

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const refused = { name: 'AxonPushError', status: 'AXONPUSH_ERR_INVALID_ARGUMENT' };

test('a trace is drawn, parsed, rendered, and has children', () => {
  const drawn = new Trace();
  assert.match(drawn.traceId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(drawn.spanId, /^[0-9a-f]{16}$/);
  assert.equal(drawn.traceparent, `00-${drawn.traceId.replaceAll('-', '')}-${drawn.spanId}-01`);
  const parsed = Trace.parse(`00-${TRACE}-${SPAN}-00`);
  assert.deepEqual({ ...parsed }, { traceId: TRACE, spanId: SPAN, traceparent: `00-${TRACE}-${SPAN}-01` });
  const child = parsed.child();
  assert.equal(child.traceId, TRACE);
  assert.notEqual(child.spanId, SPAN);
  assert.equal(new Trace({ traceId: 'mine' }).traceId, 'mine');
  assert.match(new Trace({ traceId: 'mine' }).traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  assert.throws(() => Object.assign(parsed, { spanId: 'x' }), TypeError);
});

test('malformed headers are refused', () => {
  const good = `00-${TRACE}-${SPAN}-01`;
  for (const bad of ['', good.toUpperCase(), `ff${good.slice(2)}`, `${good}-x`, good.slice(0, -1), good.replace(TRACE, '0'.repeat(32)), good.replace(SPAN, '0'.repeat(16)), ` ${good}`, `${good}\0`, undefined, 7, [good]]) {
    assert.throws(() => Trace.parse(/** @type {any} */ (bad)), refused, String(bad));
  }
  assert.throws(() => new Trace({ traceId: 'a\nb' }), refused);
  assert.throws(() => new Trace({ traceId: /** @type {any} */ (7) }), refused);
});

test('events carry the trace that is current, also after an await', async () => {
  const client = server.client();
  const seen = async () => JSON.parse((await server.requests()).at(-1).body);
  const outer = new Trace();
  const inner = outer.child();
  await withTrace(outer, async () => {
    await client.events.publish({ identifier: 'a', payload: {} });
    const { traceId, parentSpanId, spanId } = await seen();
    assert.deepEqual([traceId, parentSpanId], [outer.traceId, outer.spanId]);
    assert.notEqual(spanId, outer.spanId);
    await sleep(5);
    await client.events.enqueue({ identifier: 'b', payload: {} });
    assert.equal((await seen()).parentSpanId, outer.spanId);
    await withTrace(inner, () => client.events.publish({ identifier: 'c', payload: {} }));
    assert.equal((await seen()).parentSpanId, inner.spanId);
    assert.equal(Trace.current(), outer);
    await withTrace(null, () => client.events.publish({ identifier: 'd', payload: {} }));
    assert.equal((await seen()).parentSpanId, undefined);
    assert.notEqual((await seen()).traceId, outer.traceId);
  });
  assert.equal(Trace.current(), null);
  await client.events.publish({ identifier: 'e', payload: {} });
  assert.equal((await seen()).parentSpanId, undefined);
});

test('what an event says wins', async () => {
  const client = server.client();
  const trace = new Trace();
  const sent = async (more) => {
    await withTrace(trace, () => client.events.publish({ identifier: 'a', payload: {}, ...more }));
    const { traceId, parentSpanId } = JSON.parse((await server.requests()).at(-1).body);
    return [traceId, parentSpanId];
  };
  assert.deepEqual(await sent({ traceId: 'other' }), ['other', undefined]);
  assert.deepEqual(await sent({ traceId: trace.traceId }), [trace.traceId, trace.spanId]);
  assert.deepEqual(await sent({ parentSpanId: 'p' }), [trace.traceId, 'p']);
  assert.deepEqual(await sent({ spanId: trace.spanId }), [trace.traceId, undefined]);
  assert.deepEqual(await sent({ traceId: null, parentSpanId: null }), [trace.traceId, trace.spanId]);
});

test('tasks that run at once do not see each other’s trace', async () => {
  const client = server.client();
  const traces = Array.from({ length: 20 }, () => new Trace());
  await Promise.all(
    traces.map((trace, n) =>
      withTrace(trace, async () => {
        await sleep(Math.random() * 10);
        client.events.enqueue({ identifier: 'step', payload: { n } });
      }),
    ),
  );
  await client.flush();
  for (const { body } of await server.requests()) {
    const { payload, traceId, parentSpanId } = JSON.parse(body);
    assert.deepEqual([traceId, parentSpanId], [traces[payload.n].traceId, traces[payload.n].spanId]);
  }
});

test('withTrace gives what the function gives, and throws what it throws', async () => {
  const trace = new Trace();
  assert.equal(withTrace(trace, () => 7), 7);
  assert.throws(() => withTrace(trace, () => { throw new RangeError('x'); }), RangeError);
  assert.throws(() => withTrace(/** @type {any} */ ({ traceId: 'x' }), () => 7), TypeError);
  assert.equal(Trace.current(), null);
});
