import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { ApiService } from '@hedgerow/protos';
import { tellChanges } from './progress.ts';

let lines: string[] = [];
const io = {
  env: {},
  out() {},
  err: (text: string) => void lines.push(text.trimEnd()),
  read: async () => '',
  ask: async () => null,
};
const state = (status: string, status_detail = '', instance_number = 0) => ({
  ...{ job_name: 'a.b.c.d', instance_number, status, status_detail },
});

beforeEach(() => {
  lines = [];
});

test('an instance that tries again and again is told of once, with each new reason', () => {
  const tell = tellChanges(io);
  tell(state('REQUESTED'));
  for (let free = 0; free < 3; free++) {
    tell(state('CLUSTER_SCHEDULED'));
    tell(state('REQUESTED', `no room: ${free} MiB free`));
  }
  tell(state('RUNNING', 'running'));
  tell(state('RUNNING', 'running'));
  tell(state('REQUESTED'));
  assert.deepEqual(lines, [
    'a.b.c.d/0 REQUESTED',
    'a.b.c.d/0 CLUSTER_SCHEDULED',
    'a.b.c.d/0 REQUESTED no room: 0 MiB free',
    'a.b.c.d/0 RUNNING running',
    'a.b.c.d/0 REQUESTED',
  ]);
});

test('what was so before is no change', () => {
  const instance_list = [state('RUNNING', 'running')];
  const tell = tellChanges(io, [{ job_name: 'a.b.c.d', instance_list } as unknown as ApiService]);
  tell(state('RUNNING', 'running'));
  tell(state('RUNNING', 'running', 1));
  tell(state('removed'));
  assert.deepEqual(lines, ['a.b.c.d/1 RUNNING running', 'a.b.c.d/0 removed']);
});
