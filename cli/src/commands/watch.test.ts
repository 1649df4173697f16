import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiEvent } from '@hedgerow/protos';
import { line } from './watch.ts';

const event = (fields: Partial<ApiEvent>) =>
  ({
    ...{ kind: 'instance', change: 'changed', at: '2026-01-02T03:04:05.678Z', job_name: 'a.b.c.d' },
    ...{ service_id: 's1', instance_number: 0, status: 'RUNNING', status_detail: 'running', ...fields },
  }) as ApiEvent;

test('an instance that goes has no status any more, and a name always', () => {
  assert.equal(line(event({})), '03:04:05.678 instance a.b.c.d/0 RUNNING running');
  assert.equal(line(event({ change: 'leaving' })), '03:04:05.678 instance a.b.c.d/0 leaving');
  assert.equal(line(event({ change: 'removed', job_name: '' })), '03:04:05.678 instance s1/0 removed');
});
