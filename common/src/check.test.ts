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

test('lists have their limits, and an object that is closed says which fields there are', () => {
  const closed = Type.Object(
    { a: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 2 })), b: Type.Integer() },
    { additionalProperties: false },
  );
  const errors = createChecker().compile(Type.Object({ of: closed }));
  assert.deepEqual(errors({ of: { a: [], c: 5, password: 'x' } }), [
    { path: 'of.b', found: null, allowed: 'a value; the field is required' },
    { path: 'of.c', found: 5, allowed: 'no field but a, b' },
    { path: 'of.password', found: '(hidden)', allowed: 'no field but a, b' },
    { path: 'of.a', found: 'a list of 0', allowed: 'a list of at least 1' },
  ]);
  assert.equal(errors({ of: { a: ['1', '2', '3'], b: 1 } })[0]?.allowed, 'a list of at most 2');
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
