import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { InstanceReport } from '@hedgerow/protos';
import type { Instance } from '../model.ts';
import { stepForListed, stepForReported } from './comparison.ts';

const ended = {
  ...{ cluster_id: 'c1', desired: 'run', status: 'COMPLETED', generation: 1, epoch: 2, worker_id: 'w1' },
} as unknown as Instance;

const says = (report: Partial<InstanceReport>) =>
  ({ status: 'RUNNING', generation: 1, epoch: 2, worker_id: 'w1', ...report }) as InstanceReport;

describe('of what has ended, a cluster whose disk has forgotten that', () => {
  for (const [what, report, step] of [
    ['has it run again elsewhere: it goes', says({ epoch: 3, worker_id: 'w2' }), 'remove'],
    [
      'waits for room to run it again: it goes',
      says({ status: 'NO_WORKER_CAPACITY', worker_id: '' }),
      'remove',
    ],
    ['knows an earlier placement alone: it goes, and is not placed anew', says({ epoch: 1 }), 'remove'],
    ['believes that it runs where it ended: its worker will tell', says({}), 'observe'],
    ['knows of the end of an earlier placement: it has ended', says({ status: 'DEAD', epoch: 1 }), 'observe'],
  ] as const)
    test(what, () => {
      assert.equal(stepForListed('c1', report, ended), step);
      assert.equal(stepForReported('c1', report, ended), step);
    });
});

test('what has not ended is told to a cluster whose disk has forgotten its last placement', () => {
  const running = { ...ended, status: 'RUNNING' } as Instance;
  assert.equal(stepForListed('c1', says({ epoch: 1 }), running), 'renew');
  assert.equal(stepForReported('c1', says({ epoch: 3 }), running), 'observe');
});

test('what runs by a specification that a root has forgotten goes, whoever has it by now', () => {
  for (const cluster_id of ['', 'c1'])
    assert.equal(
      stepForListed('c1', says({ generation: 2 }), { ...ended, status: 'REQUESTED', cluster_id } as Instance),
      'remove',
    );
});
