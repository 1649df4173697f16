import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InstanceReport, Move } from '@hedgerow/protos';
import type { Instance } from '../model.ts';
import { answeredMoves, ownMoves, reportedMoves } from './chronicle.ts';

const placed = { status: 'NODE_SCHEDULED', status_detail: '', worker_id: 'w', cluster_id: 'c', epoch: 0 };
const before = placed as Instance;
const report = { status: 'RUNNING', status_detail: '', worker_id: 'w', epoch: 1 } as InstanceReport;
const move = (status: string, fields: Partial<Move> = {}): Move => {
  return { at: 1, tier: 'worker', status, detail: '', worker_id: 'w', ...fields };
};
const told = (moves: Move[], fields: Partial<InstanceReport> = {}) =>
  reportedMoves(before, 'c', { ...report, ...fields, moves }, 9).map(
    ({ tier, status }) => `${tier} ${status}`,
  );

test('moves of a report are taken as they are, but for what the answer to Place has said', () => {
  const answered = move('NODE_SCHEDULED', { tier: 'cluster' });
  assert.deepEqual(told([answered, move('CREATING'), move('RUNNING')]), [
    'worker CREATING',
    'worker RUNNING',
  ]);
  assert.deepEqual(told([{ ...answered, worker_id: 'other' }]), ['cluster NODE_SCHEDULED']);
  assert.deepEqual(
    answeredMoves(before, 5).map(({ tier, at }) => [tier, at]),
    [['cluster', 5]],
  );
});

test('a report without moves is one, unless it says nothing new', () => {
  assert.deepEqual(told([]), ['worker RUNNING']);
  assert.deepEqual(told([], { status: 'NO_WORKER_CAPACITY' }), ['cluster NO_WORKER_CAPACITY']);
  assert.deepEqual(told([], { status: 'NODE_SCHEDULED' }), []);
  assert.deepEqual(told([], { status: 'NODE_SCHEDULED', epoch: 0 }), []);
});

test('a change of the root is a move when the state or the cluster is another one', () => {
  assert.deepEqual(ownMoves(before, { ...before, status_detail: 'x' }, 1), []);
  assert.deepEqual(ownMoves(before, { ...before, cluster_id: 'd' }, 1).length, 1);
  assert.deepEqual(ownMoves(null, before, 1).length, 1);
});
