import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canMove, isStatus, STATUSES, type Status } from './status.ts';

const all = Object.keys(STATUSES) as Status[];

for (const status of all) {
  const row = STATUSES[status];

  test(`${status}: its next states exist`, () => {
    for (const next of row.next) assert.ok(isStatus(next), next);
  });

  test(`${status}: is final, or RUNNING, or has a deadline and what happens then`, () => {
    const rests = row.final || status === 'RUNNING';
    assert.equal(row.deadline === null, rests);
    assert.equal(row.onDeadline === null, rests);
    assert.equal(row.actor === null, rests);
    if (row.deadline !== null) assert.ok(row.deadline >= 1000 && row.deadline <= 3_600_000);
  });

  test(`${status}: a final state can be reached`, () => {
    assert.ok([...reachable(status)].some(next => STATUSES[next].final));
  });

  test(`${status}: can be undeployed, and staying is legal`, () => {
    assert.ok(canMove(status, 'UNDEPLOYED'));
    assert.ok(canMove(status, status));
  });
}

test('every state is reached from REQUESTED', () => {
  assert.deepEqual([...reachable('REQUESTED')].sort(), [...all].sort());
});

test('the happy way is legal step by step', () => {
  const way: Status[] = [
    'REQUESTED',
    'CLUSTER_SCHEDULED',
    'NODE_SCHEDULED',
    'CREATING',
    'CREATED',
    'RUNNING',
    'COMPLETED',
  ];
  way.slice(1).forEach((to, i) => {
    assert.ok(canMove(way[i] as Status, to), to);
  });
});

test('a final state leads to nothing that runs', () => {
  assert.deepEqual(STATUSES.UNDEPLOYED.next, []);
  assert.equal(canMove('COMPLETED', 'RUNNING'), false);
  assert.equal(canMove('DEAD', 'CREATING'), false);
  assert.equal(canMove('UNDEPLOYED', 'REQUESTED'), false);
});

test('the root does not pass over the cluster, nor the cluster over the root', () => {
  assert.equal(canMove('REQUESTED', 'RUNNING'), false);
  assert.equal(canMove('REQUESTED', 'NODE_SCHEDULED'), false);
});

test('words that are no states', () => {
  for (const word of ['', 'running', 'TARGETCLUSTERNOTFOUND', 'toString', '__proto__'])
    assert.equal(isStatus(word), false, word);
});

function reachable(from: Status): Set<Status> {
  const seen = new Set<Status>([from]);
  for (const status of seen) for (const next of STATUSES[status].next) seen.add(next);
  return seen;
}
