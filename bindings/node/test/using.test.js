import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { DevServer } from './helpers.js';

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));

test('`using` and `await using` close the client, in a project that depends on this package', async (t) => {
  const project = mkdtempSync(join(tmpdir(), 'axonpush-using-'));
  const server = await DevServer.start();
  t.after(() => {
    server.stop();
    rmSync(project, { recursive: true });
  });
  // Installed as npm installs a folder: by a link.
  await run('mkdir', ['-p', join(project, 'node_modules')]);
  symlinkSync(PACKAGE, join(project, 'node_modules', 'axonpush-native'));
  symlinkSync(join(PACKAGE, 'node_modules', '@types'), join(project, 'node_modules', '@types'));
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  await run('cp', [fileURLToPath(new URL('types/using.ts', import.meta.url)), project]);
  const compile = ['--target', 'es2022', '--module', 'nodenext', '--lib', 'es2023,esnext.disposable', '--types', 'node', '--strict', 'using.ts'];
  await run(join(PACKAGE, 'node_modules', '.bin', 'tsc'), compile, { cwd: project }).catch((error) => assert.fail(error.stdout));

  const env = { ...process.env, AXONPUSH_API_KEY: 'ak_test', AXONPUSH_BASE_URL: server.url };
  const { stdout } = await run(process.execPath, ['using.js'], { cwd: project, env });
  assert.equal(stdout, 'AXONPUSH_ERR_INVALID_HANDLE\n');
  assert.equal(await server.stored(), 2);
});
