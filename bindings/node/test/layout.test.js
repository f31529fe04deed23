// src/layout.js says again what include/axonpush.h says; here they are compared, so that they cannot drift apart.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import * as layout from '../src/layout.js';

const header = readFileSync(new URL('../../../include/axonpush.h', import.meta.url), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');

/** @param {string} name */
function membersInHeader(name) {
  const [, body] = header.match(new RegExp(`typedef struct ${name} \\{([^}]*)\\}`)) ?? assert.fail(`${name} is not in the header`);
  return body
    .split(';')
    .map((line) => line.trim().match(/^(.*?)\s*(\*?)(\w+)$/s))
    .filter((match) => match !== null)
    .map(([, type, pointer, member]) => [member, pointer ? `${type} *` : type]);
}

const KINDS = { struct: 'const axonpush_event_query *', toggle: 'int32_t', size: 'size_t', u32: 'uint32_t', i32: 'int32_t', u64: 'uint64_t', text: 'const char *', time: 'const char *', list: 'const char *', json: 'const char *' };
const SIZES = { 'const axonpush_event_query *': 8, size_t: 8, uint64_t: 8, uint32_t: 4, int32_t: 4, 'const char *': 8 };

for (const [struct, name] of Object.entries({ OPTIONS: 'options', EVENT: 'event', QUERY: 'event_query', STATS: 'stats', TRACE_QUERY: 'trace_query', ENVIRONMENT: 'environment', WEBHOOK: 'webhook' })) {
  test(`axonpush_${name} is laid out as in the header`, () => {
    const inHeader = membersInHeader(`axonpush_${name}`).map(([member, type]) => [member, type.startsWith('axonpush_') ? 'int32_t' : type]);
    const here = [['struct_size', 'size_t']];
    for (const member of layout[struct].members.values()) {
      here.push([member.name, KINDS[member.kind]]);
      if (member.kind === 'json') here.push([`${member.name}_len`, 'size_t']);
    }
    assert.deepEqual(here, inHeader, `adapt src/layout.js and index.d.ts to axonpush_${name}`);

    let offset = 0;
    const offsets = {};
    for (const [member, type] of inHeader) {
      offset = Math.ceil(offset / SIZES[type]) * SIZES[type];
      offsets[member] = offset;
      offset += SIZES[type];
    }
    for (const member of layout[struct].members.values()) assert.equal(member.offset, offsets[member.name], member.name);
    assert.equal(layout[struct].size, Math.ceil(offset / 8) * 8);
  });
}
