import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { test } from 'node:test';

import { signWebhook, verifyWebhook } from '../src/index.js';
import { DevServer } from './helpers.js';

const hmac = (secret, body) => createHmac('sha256', secret).update(body).digest('hex');

test('signatures are those of node:crypto', () => {
  // RFC 4231, test case 2.
  assert.equal(signWebhook('Jefe', 'what do ya want for nothing?'), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  for (const secret of ['s', 'ü 語', 'x'.repeat(200)]) {
    for (const body of ['', '{"a":"ü"}', Buffer.from([0, 1, 0, 255]), randomBytes(100_000), new Uint8Array(8).subarray(3)]) {
      const signature = hmac(secret, body);
      assert.equal(signWebhook(secret, body), signature);
      assert.equal(verifyWebhook(secret, body, signature), true);
    }
  }
});

test('anything else is not verified', () => {
  const good = hmac('s', 'body');
  assert.equal(verifyWebhook('s', 'body', good), true);
  for (const signature of [undefined, null, '', good.toUpperCase(), `sha256=${good}`, good.slice(1), `${good}\0`, `${good}0`, [good], 7, hmac('t', 'body'), hmac('', 'body')]) {
    assert.equal(verifyWebhook('s', 'body', /** @type {any} */ (signature)), false, String(signature));
  }
  for (const secret of ['', null, undefined, 's\0', 7]) {
    assert.equal(verifyWebhook(/** @type {any} */ (secret), 'body', good), false);
    assert.equal(verifyWebhook(/** @type {any} */ (secret), 'body', hmac('', 'body')), false);
  }
  assert.equal(verifyWebhook('s', 'body2', good), false);
});

test('a parsed body, or an empty secret to sign with, is a mistake', () => {
  const mistake = { status: 'AXONPUSH_ERR_INVALID_ARGUMENT' };
  for (const body of [{ a: 1 }, null, undefined, 7]) {
    assert.throws(() => verifyWebhook('s', /** @type {any} */ (body), 'x'), mistake);
    assert.throws(() => signWebhook('s', /** @type {any} */ (body)), mistake);
  }
  for (const secret of ['', null, 's\0']) assert.throws(() => signWebhook(/** @type {any} */ (secret), 'x'), mistake);
});

test('a delivery of the server is verified', async () => {
  const server = await DevServer.start();
  const receiver = createServer();
  const delivered = new Promise((resolve) => {
    receiver.on('request', async (request, response) => {
      const body = Buffer.concat(await request.toArray());
      response.end();
      resolve({ body, signature: request.headers['x-axonpush-signature'] });
    });
  });
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', () => resolve(undefined)));
  const client = server.client();
  try {
    const { port } = /** @type {import('node:net').AddressInfo} */ (receiver.address());
    const { data } = await client.webhooks.create({ channelId: 'ch_1', url: `http://127.0.0.1:${port}/hook` });
    await client.events.publish({ identifier: 'a', payload: { n: 1 }, channelId: 'ch_1' });
    const { body, signature } = await delivered;
    const secret = /** @type {string} */ (data.rawSecret);
    assert.equal(verifyWebhook(secret, body, signature), true);
    assert.equal(verifyWebhook(secret, Buffer.concat([body, Buffer.from(' ')]), signature), false);
  } finally {
    receiver.close();
    receiver.closeAllConnections();
    await server.reset();
    server.stop();
  }
});
