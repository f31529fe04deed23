// Executes the table tests/conformance/*.json; its README.md says what a row means.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { agentRun, AxonPush, AxonPushError, modelCall, toolCall } from '../src/index.js';
import { EVENT, OPTIONS, QUERY, RENAMED } from '../src/layout.js';
import { DEAD, DevServer } from './helpers.js';

const TABLE = new URL('../../../tests/conformance/', import.meta.url);
const CHECKS = ['is', 'absent', 'matches', 'contains', 'lacks', 'count', 'members', 'at_least', 'same_as'];
const RUNNERS = ['c', 'cpp', 'go', 'node', 'python'];
const STATUSES = [...readFileSync(new URL('../../../include/axonpush.h', import.meta.url), 'utf8').matchAll(/\bAXONPUSH_ERR_\w+/g)].map(String);
const ABSENT = Symbol('absent');

/** @type {DevServer} */
let server;
before(async () => (server = await DevServer.start()));
after(() => server.stop());

const rowsOf = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

const rows = rowsOf(TABLE);
for (const row of rows) test(row.name, { skip: row.skip_in?.node }, () => run(row));

test('the table has rows, each with a name of its own', () => {
  assert.ok(rows.length > 0);
  assert.equal(new Set(rows.map((row) => row.name)).size, rows.length);
});

test('a row that is broken does not pass', async () => {
  const passed = [];
  const seen = new Set();
  for (const row of rowsOf(new URL('broken/', TABLE))) {
    const twice = seen.has(row.name); // That is what is broken about it.
    seen.add(row.name);
    if (!twice && (await run(row).then(() => true, () => false))) passed.push(row.name);
  }
  assert.deepEqual(passed, []);
});

async function run(row) {
  known('the row', row, ['name', 'why', 'options', 'server', 'call', 'expect', 'next', 'seen', 'skip_in']);
  required('the row', row, ['why', 'call', 'expect', 'seen']);
  await server.reset();
  for (const runner of Object.keys(row.skip_in ?? {})) assert.ok(RUNNERS.includes(runner), `there is no runner ${runner}`);
  const dead = row.server === 'dead';
  assert.ok(dead || row.server === undefined || Array.isArray(row.server), `there is no server ${row.server}`);
  if (!dead && row.server) await server.fault(...row.server);
  const folder = mkdtempSync(join(tmpdir(), 'axonpush-row-'));
  try {
    const got = await perform(row, dead ? DEAD : server.url, folder);
    checkExpectations(row.expect, got);
    if (row.expect.files) checkFiles(row.expect.files, folder);
    if (row.next) await performNext(row, dead ? DEAD : server.url, folder);
    await checkSeen(row.seen, await server.requests());
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// ---- The call ----

/** Whoever comes after the client of the row, with the same options, once the service is well. */
async function performNext(row, url, folder) {
  known('next', row.next, ['stats']);
  required('next', row.next, ['stats']);
  await server.clearFaults();
  const client = new AxonPush(optionsOf(row.options, url, folder));
  try {
    await client.flush(20_000);
    checkStats('stats of the next client', row.next.stats, client.stats());
  } finally {
    await client.close();
  }
}

async function perform(row, url, folder) {
  const background = 'publish_async' in row.call;
  const { flush_ms: flushMs = 20_000, times = 1, ...calls } = background ? row.call : { ...row.call };
  if (!background) known('the call', row.call, ['publish', 'list', 'search', 'request']);
  const [[call, given], ...more] = Object.entries(calls);
  assert.equal(more.length, 0, 'one call');
  const got = { ends: [], flush: 'ok', stats: null, closed: null, ms: 0 };
  /** @type {AxonPush} */
  let client;
  try {
    client = new AxonPush(optionsOf(row.options ?? {}, url, folder));
  } catch (error) {
    got.ends.push(endOf(error));
    return got;
  }
  const started = performance.now();
  try {
    if (call === 'publish_async') {
      const event = eventOf(given);
      const deliveries = Array.from({ length: times }, () => client.events.enqueue(event));
      const ends = deliveries.map((delivery) => delivery.then(responseOf, endOf));
      got.flush = await client.flush(flushMs).then(() => 'ok', (error) => error.status);
      got.ms = performance.now() - started;
      got.stats = client.stats();
      if (row.expect.closed) {
        // That events are left is in the counters.
        await client.shutdown().catch(() => {});
        got.closed = client.stats();
      }
      await client.close();
      got.ends = await Promise.all(ends);
    } else {
      got.ends = [await perform1(client, call, given).then(responseOf, endOf)];
      got.ms = performance.now() - started;
      got.stats = client.stats();
    }
  } finally {
    await client.close();
  }
  return got;
}

function perform1(client, call, given) {
  switch (call) {
    case 'publish':
      return client.events.publish(eventOf(given));
    case 'list': {
      known('list', given, ['channel_id', 'query']);
      return client.events.list(given.channel_id, given.query && queryOf(given.query)).then((events) => ({ events }));
    }
    case 'search':
      return client.events.search(queryOf(given)).then((events) => ({ events }));
    case 'request': {
      known('request', given, ['method', 'path', 'query', 'body', 'body_text']);
      const { method, path, query, body, body_text: bodyText } = given;
      return client.request(method, path, { query, body, bodyText });
    }
    default:
      throw new assert.AssertionError({ message: `there is no call ${call}` });
  }
}

const camelCase = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());

/** A check of a message, which names members as JavaScript does. */
function spelledHere(wish) {
  return JSON.parse(JSON.stringify(wish).replace(/\b[a-z]+(?:_[a-z]+)+\b/g, (name) => RENAMED.get(name) ?? name));
}

/** The names of C, which JavaScript spells otherwise; only those that the header has. */
function renamed(what, struct, object, except = []) {
  const names = [...struct.members.values()].map((member) => member.name);
  known(what, object, names.filter((name) => !except.includes(name)));
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [camelCase(name), value]));
}

function optionsOf(options, url, folder) {
  const all = { api_key: 'ak_conformance', base_url: url, proxy: '', ...options };
  for (const name of ['base_url', 'otlp_endpoint']) if (all[name]) all[name] = all[name].replace('{server}', server.url);
  if (all.spool_dir) all.spool_dir = all.spool_dir.replace('{folder}', folder);
  // In C, 0 means the default.
  if (all.max_retries === 0) delete all.max_retries;
  return renamed('options', OPTIONS, all, ['completion_mode', 'ca_file', 'ca_pem', 'user_agent']);
}

/** The helpers that make a payload, by the member of a row that has theirs. */
const HELPERS = { model_call: modelCall, tool_call: toolCall, agent_run: agentRun };

function eventOf({ payload_text, metadata_text, model_call, tool_call, agent_run, ...given }) {
  const event = renamed('event', EVENT, given);
  for (const [name, members] of Object.entries({ model_call, tool_call, agent_run })) {
    if (members === undefined) continue;
    event.payload = HELPERS[name](Object.fromEntries(Object.entries(members).map(([member, value]) => [camelCase(member), value])));
  }
  if (payload_text !== undefined) event.payload = payload_text;
  if (metadata_text !== undefined) event.metadata = metadata_text;
  return event;
}

const queryOf = (query) => renamed('query', QUERY, query);

// ---- The result ----

function responseOf(response) {
  if (response === null) return { outcome: 'nothing' };
  if ('events' in response) return { outcome: 'ok', document: { events: response.events }, fields: {} };
  return { outcome: 'ok', document: response.data, fields: { http_status: response.httpStatus, request_id: response.requestId } };
}

function endOf(error) {
  if (!(error instanceof AxonPushError)) throw error;
  assert.notEqual(error.message, '');
  const { message, code, hint, requestId, httpStatus, retryAfterMs, retryable } = error;
  const fields = { message, code, hint, request_id: requestId, http_status: httpStatus ?? 0, retry_after_ms: retryAfterMs ?? -1, retryable };
  return { outcome: error.status, error: fields };
}

function checkExpectations(expect, got) {
  known('expect', expect, ['outcome', 'outcomes', 'response', 'error', 'flush', 'stats', 'closed', 'files', 'at_least_ms', 'at_most_ms']);
  const counts = {};
  for (const { outcome } of got.ends) counts[outcome] = (counts[outcome] ?? 0) + 1;
  assert.ok('outcome' in expect !== 'outcomes' in expect, 'either outcome or outcomes');
  known('outcomes', expect.outcomes ?? { [expect.outcome]: 1 }, ['ok', 'nothing', ...STATUSES]);
  const wanted = expect.outcomes ?? { [expect.outcome]: got.ends.length };
  const messages = got.ends.map((end) => end.error?.message).filter(Boolean).join('; ');
  assert.deepEqual(counts, wanted, messages);
  assert.equal(got.flush, expect.flush ?? 'ok', 'flush');
  if (expect.response) {
    const responses = got.ends.filter((end) => 'document' in end);
    assert.ok(responses.length > 0, 'there is a response');
    for (const { document, fields } of responses) {
      for (const [key, wish] of Object.entries(expect.response)) {
        const pointer = key === '' || key.startsWith('/');
        check(`response ${key}`, wish, pointer ? at(document, key) : field(fields, key));
      }
    }
  }
  if (expect.error) {
    const errors = got.ends.filter((end) => end.error);
    assert.ok(errors.length > 0, 'there is an error');
    for (const { error } of errors) {
      for (const [key, wish] of Object.entries(expect.error)) check(`error ${key}`, key === 'message' ? spelledHere(wish) : wish, field(error, key));
    }
  }
  checkStats('stats', expect.stats, got.stats);
  checkStats('stats when closed', expect.closed, got.closed);
  if (expect.at_least_ms !== undefined) assert.ok(got.ms >= expect.at_least_ms - 1, `it took ${got.ms} ms`);
  if (expect.at_most_ms !== undefined) assert.ok(got.ms <= expect.at_most_ms, `it took ${got.ms} ms`);
}

function checkStats(what, wishes, stats) {
  for (const [key, wish] of Object.entries(wishes ?? {})) check(`${what} ${key}`, wish, field(stats, camelCase(key)));
}

/** What lies in the row's folder, where every byte that is no ASCII text is a blank. */
function checkFiles(checks, folder) {
  assert.ok(Array.isArray(checks), 'files is a list of checks');
  const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
  const text = files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file, 'latin1')).join('');
  assert.notEqual(text, '', 'there is a file that can be checked');
  for (const wish of checks) check('files', wish, text.replace(/[^ -~]/g, ' '));
}

async function checkSeen(seen, requests) {
  known('seen', seen, ['requests', 'method', 'target', 'headers', 'body', 'text', 'same', 'distinct', 'stored']);
  required('seen', seen, ['requests']);
  check('requests', seen.requests, requests.length);
  const all = requests.map((request) => {
    const headers = Object.fromEntries(request.headers);
    const body = request.body ? JSON.parse(request.body) : ABSENT;
    const find = (place) => (place === '' || place.startsWith('/') ? at(body, place) : (headers[place] ?? ABSENT));
    return { ...request, find };
  });
  for (const name of Object.keys(seen.headers ?? {})) assert.ok(!name.includes('/') && name !== '', `${name} is no header`);
  for (const name of Object.keys(seen.body ?? {})) assert.ok(name === '' || name.startsWith('/'), `${name} is no pointer`);
  const each = ['method', 'target', 'headers', 'body', 'text'].some((name) => name in seen);
  if (each) assert.ok(all.length > 0, 'there was a request');
  for (const request of all) {
    if ('method' in seen) check('method', seen.method, request.method, request.find);
    if ('target' in seen) check('target', seen.target, request.target, request.find);
    if ('text' in seen) check('text', seen.text, request.body, request.find);
    for (const [name, wish] of Object.entries(seen.headers ?? {})) check(`header ${name}`, wish, request.find(name), request.find);
    for (const [pointer, wish] of Object.entries(seen.body ?? {})) check(`body ${pointer}`, wish, request.find(pointer), request.find);
  }
  for (const place of seen.same ?? []) assert.equal(valuesAt(all, place).size, 1, `${place} is the same in all requests`);
  for (const place of seen.distinct ?? []) assert.equal(valuesAt(all, place).size, all.length, `${place} is never the same`);
  if ('stored' in seen) check('stored', seen.stored, await server.stored());
}

function valuesAt(requests, place) {
  const values = requests.map((request) => request.find(place));
  assert.ok(!values.includes(ABSENT), `${place} is in every request`);
  return new Set(values.map((value) => JSON.stringify(value)));
}

// ---- Checks ----

function check(what, wish, value, find) {
  assert.ok(!Array.isArray(wish), `${what}: an array needs {"is": …}`);
  if (wish === null || typeof wish !== 'object') return assert.deepEqual(value, wish, what + `: ${String(value)} is not ${wish}`);
  const [[kind, wanted], ...more] = Object.entries(wish);
  assert.ok(CHECKS.includes(kind) && more.length === 0, `${what}: there is no check ${JSON.stringify(wish)}`);
  const shown = value === ABSENT ? 'nothing' : JSON.stringify(value);
  const hold = (holds) => assert.ok(holds, `${what}: ${shown}, but expected ${JSON.stringify(wish)}`);
  if (kind === 'absent') return hold((value === ABSENT) === wanted);
  hold(value !== ABSENT);
  switch (kind) {
    case 'is':
      return assert.deepEqual(value, wanted, what);
    case 'matches':
      return hold(typeof value === 'string' && new RegExp(wanted).test(value));
    case 'contains':
      return hold(typeof value === 'string' && value.includes(wanted));
    case 'lacks':
      return hold(typeof value === 'string' && !value.includes(wanted));
    case 'count':
      return hold((value === null ? 0 : typeof value === 'object' ? Object.keys(value).length : -1) === wanted);
    case 'members':
      return assert.deepEqual(Object.keys(value).sort(), [...wanted].sort(), what);
    case 'at_least':
      return hold(typeof value === 'number' && value >= wanted);
    case 'same_as':
      return assert.deepEqual(value, find(wanted), `${what} is ${wanted}`);
  }
}

/** RFC 6901. */
function at(document, pointer) {
  let value = document;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return ABSENT;
    value = value[name];
  }
  return value;
}

function field(fields, name) {
  assert.ok(Object.hasOwn(fields, name), `there is no member ${name} to check`);
  return fields[name];
}

function known(what, object, members) {
  for (const name of Object.keys(object)) assert.ok(members.includes(name), `${what} has a member that is not known: ${name}`);
}

function required(what, object, members) {
  for (const name of members) assert.ok(name in object, `${what} has no member ${name}`);
}
