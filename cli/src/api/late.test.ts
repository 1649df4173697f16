import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonsOf } from './late.ts';

test('what many wait for is said once', () => {
  const late = Array.from({ length: 34 }, (_, n) => ({
    ...{ job_name: 'a.b.c.d', instance_number: 34 - n, status: 'REQUESTED' },
    status_detail: n === 3 ? '' : 'no room',
  }));
  assert.deepEqual(reasonsOf(late), [
    '33 instances of a.b.c.d (1, 2, 3, 4, 5, …) are REQUESTED: no room',
    'a.b.c.d/31 is REQUESTED',
  ]);
  assert.deepEqual(reasonsOf(late.slice(0, 2)), ['2 instances of a.b.c.d (33, 34) are REQUESTED: no room']);
  assert.deepEqual(reasonsOf([]), []);
});
