import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { EventType } from '../src/index.js';

test('the event types are those of the header', () => {
  const header = readFileSync(new URL('../../../include/axonpush.h', import.meta.url), 'utf8');
  const macros = [...header.matchAll(/#define AXONPUSH_EVENT_TYPE_(\w+) "([^"]+)"/g)].map(([, name, value]) => [name, value]);
  assert.ok(macros.length > 0);
  assert.deepEqual(Object.entries(EventType).sort(), macros.sort());
  assert.ok(Object.isFrozen(EventType));
});
