import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { DEAD, DevServer } from './helpers.js';

const EXAMPLE = fileURLToPath(new URL('../examples/quickstart.js', import.meta.url));
const run = (env) => promisify(execFile)(process.execPath, [EXAMPLE], { env: { ...process.env, AXONPUSH_API_KEY: 'ak_demo', ...env } });

test('the quickstart does what it says', async (t) => {
  const server = await DevServer.start();
  t.after(() => server.stop());
  const { stdout, stderr } = await run({ AXONPUSH_BASE_URL: server.url });
  const [published, ...listed] = stdout.trimEnd().split('\n');
  assert.match(published, /^published evt_/);
  assert.equal(listed.pop(), '3 of 3 background events were delivered');
  assert.deepEqual(listed.map((line) => line.split(' ')[0]).sort(), ['agent.start', 'custom', 'custom', 'custom']);
  assert.equal(stderr, '');
});

test('with the service gone it ends well, and says so', async () => {
  const { stdout, stderr } = await run({ AXONPUSH_BASE_URL: DEAD, AXONPUSH_MAX_RETRIES: '0' }).catch((error) => error);
  assert.match(stdout, /^published nothing/);
  assert.match(stderr, /axonpush: warning: POST \/event failed/);
});
