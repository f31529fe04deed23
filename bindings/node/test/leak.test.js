// 10,000 clients come and go: memory and threads stay as they are.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { AxonPush } from '../src/index.js';
import { DevServer } from './helpers.js';

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
after(() => server.stop());

const resident = () => Number(readFileSync('/proc/self/status', 'utf8').match(/VmRSS:\s+(\d+)/)?.[1]) * 1024;
const counts = () => ({ threads: readdirSync('/proc/self/task').length, descriptors: readdirSync('/proc/self/fd').length });

/** @param {number} count */
async function cycles(count) {
  for (let n = 0; n < count; n += 1) {
    const client = new AxonPush({ apiKey: 'ak_test', baseUrl: server.url, proxy: '' });
    // Some of them work: every way of use leaves something behind, if anything does.
    if (n % 20 === 0) client.events.enqueue({ identifier: 'step', payload: { n } });
    if (n % 100 === 0) await client.events.publish({ identifier: 'step', payload: { n } });
    if (n % 100 === 50) await client.request('GET', '/nowhere').catch(() => {});
    await client.close();
  }
}

test('10,000 cycles of create and close', { timeout: 300_000 }, async () => {
  // V8 and the allocator reach their size in the course of the first 50,000; nothing grows after that.
  await cycles(50_000);
  globalThis.gc?.();
  const before = { ...counts(), bytes: resident() };
  await cycles(10_000);
  globalThis.gc?.();
  const after = { ...counts(), bytes: resident() };
  const grown = after.bytes - before.bytes;
  console.log(`memory ${(before.bytes / 2 ** 20).toFixed(1)} MiB, ${(grown / 2 ** 20).toFixed(1)} MiB more after 10,000 cycles; ${after.threads} threads`);
  assert.ok(after.threads <= before.threads, `${before.threads} threads before, ${after.threads} after`);
  assert.ok(after.descriptors <= before.descriptors + 2, `${before.descriptors} descriptors before, ${after.descriptors} after`);
  assert.ok(grown < 8 * 2 ** 20, `${grown} bytes more`);
});
