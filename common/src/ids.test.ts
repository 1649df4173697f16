import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isId, newId, newSecret } from './ids.ts';

test('ids are 24 hex digits, differ, and sort by the second they were made in', () => {
  const now = Date.UTC(2026, 0, 1);
  const ids = new Set(Array.from({ length: 1000 }, () => newId(now)));
  assert.equal(ids.size, 1000);
  for (const id of ids) assert.ok(isId(id), id);
  assert.ok(newId(now) < newId(now + 1000));
  assert.match(newId(0), /^00000000/);
});

test('what is not an id', () => {
  for (const text of [
    '',
    'a'.repeat(23),
    'a'.repeat(25),
    'A'.repeat(24),
    'g'.repeat(24),
    `${'a'.repeat(24)}\n`,
  ])
    assert.equal(isId(text), false, JSON.stringify(text));
});

test('secrets are 256 bits in URL-safe letters', () => {
  assert.match(newSecret(), /^[0-9a-f]{64}$/);
  assert.notEqual(newSecret(), newSecret());
});
