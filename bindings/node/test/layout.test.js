// src/layout.js repeats what include/axonpush.h declares. Here it is compared with tests/abi/recorded.txt, which comes from programs
// that a C compiler has compiled against the header, so that the two cannot drift apart.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { OK, QUEUE_FULL } from '../src/background.js';
import * as layout from '../src/layout.js';
import { LEVELS } from '../src/log.js';
import { ENUMERATORS } from '../src/options.js';

const recorded = readFileSync(new URL('../../../tests/abi/recorded.txt', import.meta.url), 'utf8');

/** The C type and its width for each kind of member. Enumerations are 32-bit integers under names of their own. */
const TYPES = {
  string: [8, 'const char *'],
  time: [8, 'const char *'],
  list: [8, 'const char *'],
  json: [8, 'const char *'],
  struct: [8, 'const axonpush_event_query *'],
  size: [8, 'size_t'],
  u64: [8, 'uint64_t'],
  u32: [4, 'uint32_t'],
  i32: [4, 'int32_t'],
  toggle: [4, 'int32_t'],
};

/** @param {string} struct */
function recordedMembers(struct) {
  const lines = recorded.matchAll(new RegExp(`^member axonpush_${struct}\\.(\\w+): offset (\\d+), size (\\d+), (.*)$`, 'gm'));
  return [...lines].map(([, name, offset, size, type]) => ({
    name,
    offset: Number(offset),
    size: Number(size),
    type: /^axonpush_\w+$/.test(type) ? 'int32_t' : type,
  }));
}

for (const [table, struct] of Object.entries({ OPTIONS: 'options', EVENT: 'event', QUERY: 'event_query', STATS: 'stats', TRACE_QUERY: 'trace_query', ENVIRONMENT: 'environment', WEBHOOK: 'webhook' })) {
  test(`axonpush_${struct} is laid out as recorded`, () => {
    const here = [{ name: 'struct_size', offset: 0, size: 8, type: 'size_t' }];
    for (const { name, kind, offset } of layout[table].members.values()) {
      const [size, type] = TYPES[kind];
      here.push({ name, offset, size, type });
      if (kind === 'json') here.push({ name: `${name}_len`, offset: offset + 8, size: 8, type: 'size_t' });
    }
    const members = recordedMembers(struct);
    assert.ok(members.length > 1, `axonpush_${struct} is recorded`);
    assert.deepEqual(here, members, `adapt src/layout.js and index.d.ts to axonpush_${struct}`);
    const [, size] = recorded.match(new RegExp(`^struct axonpush_${struct}: size (\\d+)$`, 'm')) ?? assert.fail(struct);
    assert.equal(layout[table].size, Number(size));
  });
}

test('the constants and statuses are those that are recorded', () => {
  const constants = Object.fromEntries([...recorded.matchAll(/^constant AXONPUSH_(\w+): (-?\d+)$/gm)].map(([, name, value]) => [name, Number(value)]));
  const named = (prefix) => Object.entries(constants).filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length).toLowerCase(), value]);
  assert.deepEqual(Object.entries(ENUMERATORS.overflow), named('OVERFLOW_'));
  // An object lists '2' before the others, whatever was written first.
  assert.deepEqual(ENUMERATORS.httpVersion, Object.fromEntries(named('HTTP_').map(([name, value]) => [name.replace('_', '.'), value])));
  assert.deepEqual(Object.entries(ENUMERATORS.spoolSync), named('SPOOL_SYNC_'));
  assert.deepEqual(Object.entries(ENUMERATORS.exporter), named('EXPORTER_'));
  assert.deepEqual([['default', 0], ...Object.entries(ENUMERATORS.contentCapture)], named('CONTENT_'));
  assert.deepEqual(LEVELS.map((level, n) => [level, n]), named('LOG_').filter(([name]) => !name.includes('_')));
  assert.deepEqual([OK, constants.ERR_QUEUE_FULL], [constants.OK, QUEUE_FULL]);
  const declared = readFileSync(new URL('../index.d.ts', import.meta.url), 'utf8').match(/export type AxonPushStatus =[^;]*;/)?.[0].match(/AXONPUSH_ERR_\w+/g);
  assert.deepEqual(declared, Object.keys(constants).filter((name) => name.startsWith('ERR_')).map((name) => `AXONPUSH_${name}`), 'index.d.ts');
});
