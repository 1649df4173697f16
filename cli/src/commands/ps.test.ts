import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type InstanceRow, inOrder } from './ps.ts';

test('instances are listed by job name, then by number', () => {
  const rows = [
    ['shop.test.web.test', 10],
    ['shop.test.db.test', 0],
    ['shop.test.web.test', 2],
    ['blog.test.web.test', null],
  ].map(([service, instance]) => ({ service, instance }) as InstanceRow);
  assert.deepEqual(
    rows.sort(inOrder).map(row => `${row.service}/${row.instance}`),
    ['blog.test.web.test/null', 'shop.test.db.test/0', 'shop.test.web.test/2', 'shop.test.web.test/10'],
  );
});
