import { execFile, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { AxonPush } from '../src/index.js';
import { load } from '../src/library.js';

const SERVER = execFileSync(fileURLToPath(new URL('../../../tests/built', import.meta.url)), ['server'], { encoding: 'utf8' }).trim();

/** Where nobody listens. */
export const DEAD = 'http://127.0.0.1:1';

for (const name of Object.keys(process.env)) {
  const ours = name.startsWith('AXONPUSH_') && !['AXONPUSH_DEV_SERVER', 'AXONPUSH_LIBRARY'].includes(name);
  if (ours || /_proxy$/i.test(name)) delete process.env[name];
}

/** A development server for one test file; see tests/dev-server/README.md. */
export class DevServer {
  /** @param {string[]} options */
  static async start(...options) {
    const child = spawn(SERVER, ['--listen', '127.0.0.1:0', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
    const line = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`${SERVER} did not start`)));
      createInterface({ input: child.stdout }).once('line', resolve);
    });
    child.stdout.unref();
    child.unref();
    return new DevServer(child, line.replace('listening on ', ''));
  }

  constructor(child, url) {
    this.child = child;
    this.url = url;
    /** @type {Set<AxonPush>} */
    this.clients = new Set();
  }

  stop() {
    this.child.kill();
  }

  async #dev(method, path, body) {
    const response = await fetch(`${this.url}/_dev/${path}`, { method, body: body && JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} /_dev/${path}: ${response.status} ${await response.text()}`);
    const text = await response.text();
    return text ? JSON.parse(text) : null;
  }

  async reset() {
    await Promise.all([...this.clients].map((client) => client.close()));
    this.clients.clear();
    return this.#dev('POST', 'reset');
  }

  fault(...faults) {
    return this.#dev('POST', 'faults', faults);
  }

  clearFaults() {
    return this.#dev('DELETE', 'faults');
  }

  async requests() {
    const log = await this.#dev('GET', 'requests');
    return Array.isArray(log) ? log : log.requests;
  }

  async stored() {
    return (await this.#dev('GET', 'stats')).storedEvents;
  }

  /** @param {import('../index.js').AxonPushOptions} [options] */
  client(options) {
    const client = new AxonPush({ apiKey: 'ak_test', baseUrl: this.url, proxy: '', ...options });
    this.clients.add(client);
    return client;
  }
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Runs JavaScript in a Node of its own: `AxonPush`, `AxonPushError` and `sleep` are there. Returns its exit code and output.
 * @param {string} code
 * @param {{url?: string, env?: Record<string, string>, timeout?: number}} [options]
 */
export function runScript(code, { url = DEAD, env = {}, timeout = 30_000 } = {}) {
  const prelude = `import { AxonPush, AxonPushError, setLogLevel } from ${JSON.stringify(new URL('../src/index.js', import.meta.url))};
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));\n`;
  const started = performance.now();
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--input-type=module', '--eval', prelude + code],
      { env: { ...process.env, AXONPUSH_API_KEY: 'ak_test', AXONPUSH_BASE_URL: url, ...env }, timeout },
      (error, stdout, stderr) =>
        resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr, ms: performance.now() - started }),
    );
  });
}

/**
 * Copies the parts of the checkout that a project uses which installs this package, with the library where `make build` puts it.
 * @param {string} folder
 */
export function copyOfCheckout(folder) {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const copy = (path) => cpSync(join(root, path), join(folder, path), {
    recursive: true,
    filter: (source) => !['node_modules', 'test', 'target', '.git'].includes(basename(source)),
  });
  for (const path of ['Cargo.toml', 'include', 'bindings/node', 'tests/built', 'tests/with-server']) copy(path);
  const built = join(folder, 'target', 'release');
  mkdirSync(built, { recursive: true });
  copyFileSync(load(undefined).path, join(built, 'libaxonpush.so'));
}
