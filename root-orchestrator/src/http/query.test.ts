import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChecker } from '@hedgerow/common/check';
import { Type } from 'typebox';
import { queryReader } from './query.ts';

const read = queryReader(
  Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1 })), name: Type.Optional(Type.String()) }),
  createChecker(),
);

test('what the schema names is read, whatever the request line says before it', () => {
  for (const before of ['/api/x', '//', 'http://root/api/x', 'http://a:99999/api/x', 'http://[/api/x', '*'])
    assert.deepEqual(read(`${before}?limit=3&name=a%20b&other=1`), { limit: 3, name: 'a b' }, before);
  for (const nothing of ['/api/x', '/api/x?', 'http://a:99999/api/x']) assert.deepEqual(read(nothing), {});
});
