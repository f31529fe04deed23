// The ways to install this package, and where it finds the native library then. test/readme.test.js follows the README's words; here are
// the others.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { load } from '../src/library.js';
import { copyOfCheckout } from './helpers.js';

const MODULES = fileURLToPath(new URL('../node_modules', import.meta.url));
const LIBRARY = load(undefined).path;

let folder, checkout, project;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'axonpush-install-'));
  checkout = join(folder, 'checkout');
  project = join(folder, 'project');
  mkdirSync(project);
  copyOfCheckout(checkout);
  await ok('npm', ['init', '-y']);
  await ok('npm', ['pkg', 'set', 'type=module']);
});
after(() => rmSync(folder, { recursive: true }));

/** Runs a command in the project. The library is not named, unless `env` names it. */
function run(command, args, env = {}) {
  const { AXONPUSH_LIBRARY: _, LD_LIBRARY_PATH: __, CARGO_TARGET_DIR: ___, ...rest } = process.env;
  return new Promise((resolve) =>
    execFile(command, args, { cwd: project, env: { ...rest, AXONPUSH_API_KEY: 'ak_test', npm_config_prefer_offline: 'true', ...env }, timeout: 300_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr }),
    ),
  );
}

async function ok(command, args, env) {
  const { code, stdout, stderr } = await run(command, args, env);
  assert.equal(code, 0, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`);
  return stdout;
}

/** Where an installed package finds the library: its version, or the message of the error. */
const find = (env) => ok('node', ['--input-type=module', '--eval', `
  import { AxonPush } from 'axonpush-native';
  try { console.log(new AxonPush().libraryVersion); } catch (error) { console.log(error.message); }`], env);

test('a checkout that is installed as a link: everything can be imported, and has types', async () => {
  await ok('npm', ['install', join(checkout, 'bindings', 'node')]);
  await ok('npm', ['ci', '--omit=dev', '--prefix', join(checkout, 'bindings', 'node')]);
  assert.ok(!existsSync(join(checkout, 'bindings', 'node', 'node_modules', '@langchain')), 'the frameworks are not beside the package');
  assert.match(await find(), /^\d+\.\d+\.\d+\n$/, 'the library in the checkout is found');

  for (const name of readdirSync(MODULES)) if (name.startsWith('@') || /^[a-z]/.test(name)) {
    if (!existsSync(join(project, 'node_modules', name))) symlinkSync(join(MODULES, name), join(project, 'node_modules', name));
  }
  writeFileSync(join(project, 'all.js'), `
    import winston from 'winston';
    import { RunnableLambda } from '@langchain/core/runnables';
    import { AxonPush } from 'axonpush-native';
    import { AxonPushAnthropicTracer } from 'axonpush-native/anthropic';
    import { AxonPushCallbackHandler } from 'axonpush-native/langchain';
    import { AxonPushTracingProcessor } from 'axonpush-native/openai-agents';
    import { pinoDestination } from 'axonpush-native/pino';
    import { AxonPushTransport } from 'axonpush-native/winston';
    const client = new AxonPush({ baseUrl: 'http://127.0.0.1:1', shutdownTimeoutMs: 1 });
    const handler = new AxonPushCallbackHandler(client);
    await RunnableLambda.from(async (x) => x).invoke('x', { callbacks: [handler] });
    winston.createLogger({ transports: [new AxonPushTransport(client)] }).info('line');
    new AxonPushAnthropicTracer(client), new AxonPushTracingProcessor(client), pinoDestination(client);
    console.log(client.stats().accepted, handler.lost);
    await client.close();`);
  assert.equal(await ok('node', ['all.js'], { AXONPUSH_LOG: 'off' }), '3 0\n');
  writeFileSync(join(project, 'all.ts'), `
    import { RunnableLambda } from '@langchain/core/runnables';
    import { addTraceProcessor } from '@openai/agents';
    import winston from 'winston';
    import { AxonPush } from 'axonpush-native';
    import { AxonPushCallbackHandler } from 'axonpush-native/langchain';
    import { AxonPushTracingProcessor } from 'axonpush-native/openai-agents';
    import { AxonPushTransport } from 'axonpush-native/winston';
    const client: AxonPush = new AxonPush();
    const handler: AxonPushCallbackHandler = new AxonPushCallbackHandler(client);
    await RunnableLambda.from(async (x: string) => x).invoke('x', { callbacks: [handler] });
    const transport: AxonPushTransport = new AxonPushTransport(client, { level: 'warn' });
    winston.createLogger({ transports: [transport] });
    addTraceProcessor(new AxonPushTracingProcessor(client));
    // @ts-expect-error no such option
    new AxonPushTransport(client, { servicename: 'x' });`);
  await ok(join(MODULES, '.bin', 'tsc'), ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--skipLibCheck', 'all.ts']);
});

test('the types need nothing but ES2022, and TypeScript checks them, too', async () => {
  writeFileSync(join(project, 'plain.ts'), `
    import { AxonPush, AxonPushError, Trace, withTrace } from 'axonpush-native';
    import { AxonPushAnthropicTracer } from 'axonpush-native/anthropic';
    import { AxonPushCallbackHandler } from 'axonpush-native/langchain';
    import { AxonPushTracingProcessor } from 'axonpush-native/openai-agents';
    import { pinoDestination } from 'axonpush-native/pino';
    await using client = new AxonPush({ log: (level, message) => void [level, message] });
    new AxonPushAnthropicTracer(client), new AxonPushCallbackHandler(client), new AxonPushTracingProcessor(client), pinoDestination(client);
    await client.request('GET', '/x', { query: new Map([['a', 'b']]), timeoutMs: 5 });
    for await (const event of client.events.iterate()) withTrace(new Trace(), () => event.identifier);
    export const failed = (error: unknown) => error instanceof AxonPushError && error.status === 'AXONPUSH_ERR_CANCELLED';`);
  for (const resolution of [['--module', 'nodenext'], ['--module', 'es2022', '--moduleResolution', 'bundler']]) {
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022', '--types', '', '--skipLibCheck', 'false', ...resolution];
    await ok(join(MODULES, '.bin', 'tsc'), [...options, 'plain.ts']);
  }
});

test('a package from npm pack finds the library: named, inside, in a checkout around it, in the system, or says what it tried', async () => {
  rmSync(join(project, 'node_modules'), { recursive: true });
  await ok('npm', ['pack', join(checkout, 'bindings', 'node')]);
  await ok('npm', ['install', './axonpush-native-0.1.0.tgz']);
  assert.ok(!existsSync(join(checkout, 'bindings', 'node', 'libaxonpush.so.0')), 'packing leaves nothing behind');
  const installed = join(project, 'node_modules', 'axonpush-native');
  const version = await find();
  assert.match(version, /^\d+\.\d+\.\d+\n$/, 'inside the package');
  assert.match(await find({ AXONPUSH_LIBRARY: '/nowhere/libaxonpush.so' }), /^the library \/nowhere\/libaxonpush\.so cannot be used: .*is it the file of libaxonpush\?\n$/, 'the named one or none');

  const inside = join(installed, 'libaxonpush.so.0');
  renameSync(inside, join(folder, 'libaxonpush.so.0'));
  const nothing = await find();
  assert.equal(nothing.trimEnd().split('\n').length, 1);
  assert.match(nothing, /^the native library was not found, tried in this order: \S+\/node_modules\/axonpush-native\/libaxonpush\.so\.0 \(there is no such file\), .*, libaxonpush\.so\.0 where the system's loader looks \(.*\); install libaxonpush, or name its file in the option "library" or in AXONPUSH_LIBRARY\n$/);
  assert.equal(await find({ LD_LIBRARY_PATH: folder }), version, 'the system’s');
  assert.equal(await find({ AXONPUSH_LIBRARY: LIBRARY }), version);

  // The project is now inside a checkout, which is built elsewhere.
  mkdirSync(join(folder, 'include'));
  copyFileSync(join(checkout, 'include', 'axonpush.h'), join(folder, 'include', 'axonpush.h'));
  writeFileSync(join(folder, 'Cargo.toml'), '');
  const built = join(folder, 'elsewhere', 'release');
  mkdirSync(built, { recursive: true });
  copyFileSync(LIBRARY, join(built, 'libaxonpush.so'));
  assert.equal(await find({ CARGO_TARGET_DIR: dirname(built) }), version);
  assert.match(await find(), /target\/release\/libaxonpush\.so \(there is no such file\)/);

  // One that cannot be loaded, such as another machine's, does not keep the next from being found.
  writeFileSync(inside, 'no library');
  assert.equal(await find({ CARGO_TARGET_DIR: dirname(built) }), version);
  assert.match(await find(), /axonpush-native\/libaxonpush\.so\.0 \(.*\), /);
});

test('npm pack takes the library that AXONPUSH_LIBRARY names, and one that is built elsewhere; without any it says so', async () => {
  const packed = async (env) => {
    const { code, stderr } = await run('npm', ['pack', join(checkout, 'bindings', 'node')], env);
    assert.equal(code, 0, stderr);
    const { stdout } = await run('tar', ['-tzf', 'axonpush-native-0.1.0.tgz']);
    return [stdout.includes('package/libaxonpush.so.0'), /libaxonpush is not built here/.test(stderr)];
  };
  const built = join(checkout, 'target', 'release', 'libaxonpush.so');
  assert.deepEqual(await packed(), [true, false]);
  rmSync(built);
  assert.deepEqual(await packed(), [false, true]);
  assert.deepEqual(await packed({ AXONPUSH_LIBRARY: LIBRARY }), [true, false]);
  assert.deepEqual(await packed({ CARGO_TARGET_DIR: join(folder, 'elsewhere') }), [true, false]);
});
