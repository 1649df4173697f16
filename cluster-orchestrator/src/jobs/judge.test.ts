import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JobPayload } from '@hedgerow/protos';
import type { Instance } from '../model.ts';
import { makeInstance, makeJob } from '../testing/makers.ts';
import { compare } from './compare.ts';
import { applied, judge } from './judge.ts';

describe('a worker says that an instance changed', () => {
  const cases: [title: string, Partial<Instance> | null, Partial<JobPayload>, string][] = [
    ['its own', { status: 'CREATING' }, { status: 'RUNNING' }, 'apply'],
    ['a repetition', {}, {}, 'apply'],
    ['unknown', null, {}, 'stray'],
    ['unknown and removed', null, { status: 'UNDEPLOYED' }, 'old'],
    ['another worker’s', { worker_id: 'w2' }, {}, 'stray'],
    ['another worker’s, removed', { worker_id: 'w2' }, { status: 'UNDEPLOYED' }, 'old'],
    ['nobody’s: its sync decides', { worker_id: '', status: 'NO_WORKER_CAPACITY' }, {}, 'old'],
    ['of an earlier placement', { epoch: 2 }, {}, 'old'],
    ['of an earlier specification', { generation: 2 }, {}, 'old'],
    [
      'an order that it cannot read',
      { status: 'NODE_SCHEDULED' },
      { status: 'FAILED', generation: 0, epoch: 0 },
      'note',
    ],
    ['removed as asked', { desired: 'gone' }, { status: 'UNDEPLOYED' }, 'gone'],
    [
      'removed as asked, told without an epoch',
      { desired: 'gone' },
      { status: 'UNDEPLOYED', epoch: 0 },
      'gone',
    ],
    ['going away, still stopping', { desired: 'gone' }, { status: 'FAILED' }, 'apply'],
    ['removed unasked', {}, { status: 'UNDEPLOYED' }, 'lost'],
    ['removed before it was placed there again', { epoch: 2 }, { status: 'UNDEPLOYED' }, 'old'],
    ['not a status', {}, { status: 'Running' }, 'refused'],
    ['a status of the cluster', {}, { status: 'NODE_SCHEDULED' }, 'refused'],
    ['out of a final state', { status: 'COMPLETED' }, { status: 'RUNNING' }, 'refused'],
  ];
  for (const [title, instance, job, verdict] of cases) {
    test(`${title}: ${verdict}`, () => {
      assert.equal(judge(instance ? makeInstance(instance) : undefined, 'w1', makeJob(job)), verdict);
    });
  }
});

test('since when a status lasts changes with the status alone', () => {
  const instance = makeInstance({ status: 'CREATING', status_since: 5, logs: 'before', reason: 'moved' });
  assert.equal(applied(instance, makeJob({ status: 'CREATING' }), 9).status_since, 5);
  const running = applied(instance, makeJob(), 9);
  assert.deepEqual([running.status_since, running.logs, running.reason], [9, 'before', '']);
});

test('a status that no worker writes is never taken over', () => {
  const instance = makeInstance({ status: 'RUNNING' });
  for (const status of ['CLUSTER_SCHEDULED', 'REQUESTED', 'NODE_SCHEDULED', 'NO_WORKER_CAPACITY', 'x']) {
    assert.equal(applied(instance, makeJob({ status }), 9).status, 'RUNNING', status);
  }
});

describe('a worker tells everything that it has', () => {
  const id = 'aaaaaaaaaaaaaaaaaaaaaaaa/0';
  const cases: [title: string, Partial<Instance> | null, Partial<JobPayload> | null, string[]][] = [
    ['the same', {}, {}, ['adopt']],
    ['unknown', null, {}, ['delete']],
    ['another worker’s by now', { worker_id: 'w2', epoch: 2 }, {}, ['delete']],
    ['nobody else was given it', { worker_id: '', status: 'NO_WORKER_CAPACITY' }, {}, ['adopt']],
    [
      'nobody’s, but of an earlier placement',
      { worker_id: '', status: 'NO_WORKER_CAPACITY', epoch: 3 },
      {},
      ['delete'],
    ],
    ['going away', { desired: 'gone' }, {}, ['delete']],
    ['an earlier placement', { epoch: 2 }, {}, ['deploy']],
    ['an earlier specification', { generation: 2 }, {}, ['deploy']],
    ['a later placement than is known', {}, { epoch: 7 }, ['adopt']],
    ['missing', {}, null, ['deploy']],
    ['missing, just sent', { status: 'NODE_SCHEDULED' }, null, ['deploy']],
    ['missing, was going away', { desired: 'gone' }, null, ['forget']],
    ['missing, had completed', { status: 'COMPLETED' }, null, ['detach']],
    ['told as removed', {}, { status: 'UNDEPLOYED' }, ['deploy']],
    ['told as if the root had spoken', {}, { status: 'CLUSTER_SCHEDULED' }, ['refuse']],
    ['told as if the cluster had spoken', {}, { status: 'NODE_SCHEDULED' }, ['refuse']],
    ['told in no status at all', {}, { status: 'Running' }, ['refuse']],
    [
      'nobody else was given it, told in a status of the root',
      { worker_id: '', status: 'NO_WORKER_CAPACITY' },
      { status: 'REQUESTED' },
      ['refuse'],
    ],
    [
      'another worker’s by now, whatever is told of it',
      { worker_id: 'w2' },
      { status: 'nonsense' },
      ['delete'],
    ],
    ['neither has anything', null, null, []],
  ];
  for (const [title, given, told, kinds] of cases) {
    test(`${title}: ${kinds.join() || 'nothing'}`, () => {
      const instance = given ? makeInstance(given) : undefined;
      const own = instance?.worker_id === 'w1' ? [instance] : [];
      const repairs = compare(
        'w1',
        own,
        key => (key === id ? instance : undefined),
        told ? [makeJob(told)] : [],
      );
      assert.deepEqual(
        repairs.map(repair => repair.kind),
        kinds,
      );
    });
  }
});
