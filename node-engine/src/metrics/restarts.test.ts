import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Restarts } from './restarts.ts';

test('each end counts once, however often it is told; what is gone is not told of any more', () => {
  const restarts = new Restarts();
  const report = (status: string, instance = 0) => restarts.reported({ sname: 'a.b.c.d', instance, status });
  for (const status of ['CREATING', 'RUNNING', 'FAILED', 'FAILED', 'CREATING', 'RUNNING', 'FAILED'])
    report(status);
  for (const status of ['FAILED', 'CREATING', 'RUNNING']) report(status, 1);
  assert.deepEqual(
    [...restarts.all()].map(({ number, restarts: count }) => [number, count]),
    [
      [0, 2],
      [1, 1],
    ],
  );
  report('UNDEPLOYED');
  assert.deepEqual(
    [...restarts.all()].map(({ number }) => number),
    [1],
  );
  assert.equal(restarts.total, 3);
});
