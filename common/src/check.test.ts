import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { createChecker } from './check.ts';

const check = createChecker().compile(
  Type.Object({
    name: Type.String({ pattern: '^[a-z]+$', description: 'Small letters.' }),
    size: Type.Integer({ minimum: 0, maximum: 9 }),
    kind: Type.Optional(Type.String({ enum: ['a', 'b'] })),
    items: Type.Optional(Type.Array(Type.Object({ password: Type.String({ minLength: 3 }) }))),
    address: Type.Optional(Type.String({ format: 'ipv4' })),
  }),
);

test('good data has no errors, unknown fields are let through', () => {
  assert.deepEqual(check({ name: 'x', size: 3, more: true, address: '127.0.0.1' }), []);
});

test('every bad field is named at once, with what was found and what is allowed', () => {
  assert.deepEqual(check({ name: 'X', kind: 'c', items: [{ password: 'no' }, 7] }), [
    { path: 'size', found: null, allowed: 'a value; the field is required' },
    { path: 'name', found: 'X', allowed: 'text that matches ^[a-z]+$ (Small letters.)' },
    { path: 'kind', found: 'c', allowed: 'a, b' },
    { path: 'items.0.password', found: '(hidden)', allowed: 'at least 3 characters' },
    { path: 'items.1', found: 7, allowed: 'an object' },
  ]);
});

test('a list in place of an object is said so, at the root too', () => {
  assert.deepEqual(check([1, 2]), [{ path: '', found: 'a list of 2', allowed: 'an object' }]);
});

test('formats are checked', () => {
  assert.deepEqual(
    check({ name: 'x', size: 0, address: '256.1.1.1' }).map(e => e.path),
    ['address'],
  );
});
