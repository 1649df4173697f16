import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiService } from '@hedgerow/protos';
import { checkCount } from './scale.ts';

const service = (...instance_list: { instance_number: number; replaces?: number }[]) =>
  ({ job_name: 'a.b.c.d', instance_list }) as ApiService;

test('a count that somebody else changed meanwhile is no success', () => {
  const two = service({ instance_number: 0 }, { instance_number: 1 });
  checkCount(two, 2);
  checkCount(service({ instance_number: 0 }, { instance_number: 1, replaces: 0 }), 1);
  assert.throws(() => checkCount(two, 5), {
    code: 'COUNT_CHANGED',
    message: /a\.b\.c\.d has 2 instances and not 5/,
  });
});
