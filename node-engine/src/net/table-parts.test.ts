import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableEntry } from '@hedgerow/protos';
import { TableParts } from './table-parts.ts';

const entry = (job_name: string): TableEntry => ({
  ...{ job_name, application_id: 'a', service_ip: '10.30.0.1', instances: [], removed: false },
});
const names = (all: TableEntry[] | null) => all?.map(({ job_name }) => job_name) ?? null;

test('a table counts when all of its parts are there', () => {
  const parts = new TableParts();
  const take = (name: string, part?: number, of?: number) =>
    names(parts.take({ entries: [entry(name)], ...(of ? { part: part ?? 0, parts: of } : {}) }));
  assert.deepEqual(take('whole'), ['whole']);
  assert.deepEqual([take('a', 0, 3), take('b', 1, 3), take('b', 1, 3)], [null, null, null]);
  assert.deepEqual(take('c', 2, 3), ['a', 'b', 'c']);
  // its beginning was lost with the broker
  assert.deepEqual(take('late', 1, 2), null);
  assert.deepEqual([take('d', 0, 2), take('e', 0, 2), take('f', 1, 2)], [null, null, ['e', 'f']]);
});
