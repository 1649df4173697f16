import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobPayload, Move } from '@hedgerow/protos';
import { Unheard } from './unheard.ts';

const move = (status: string): Move => ({ at: 1, tier: 'worker', status, detail: '', worker_id: 'w' });

const job = (instance: number, status: string, moves: string[] = []): JobPayload => ({
  sname: 'a.b.c.d',
  service_id: 's',
  instance,
  status,
  status_detail: '',
  publicip: '',
  namespace_ip: '',
  generation: 1,
  epoch: 1,
  logs: '',
  ...(moves.length > 0 ? { moves: moves.map(move) } : {}),
});

const told = (reports: JobPayload[]) =>
  reports.map(({ instance, status, moves }) => [instance, status, moves?.map(each => each.status)]);

test('what was lost on a broken line is told with what is now, once', () => {
  const unheard = new Unheard();
  unheard.lost(job(0, 'FAILED', ['FAILED']));
  unheard.lost(job(0, 'CREATING', ['CREATING']));
  unheard.lost(job(1, 'FAILED', ['FAILED']));
  const current = [job(0, 'RUNNING'), job(1, 'RUNNING'), job(2, 'RUNNING')];
  const untold = [job(1, 'RUNNING', ['CREATING', 'RUNNING'])];
  assert.deepEqual(told(unheard.take(untold, current)), [
    [1, 'RUNNING', ['FAILED', 'CREATING', 'RUNNING']],
    [0, 'RUNNING', ['FAILED', 'CREATING']],
  ]);
  assert.deepEqual(unheard.take([], current), []);
});

test('of what has gone only its end is told', () => {
  const unheard = new Unheard();
  unheard.lost(job(0, 'RUNNING', ['RUNNING']));
  unheard.lost(job(1, 'UNDEPLOYED', ['UNDEPLOYED']));
  assert.deepEqual(told(unheard.take([], [])), [[1, 'UNDEPLOYED', ['UNDEPLOYED']]]);
});

test('the end of a service is not told of another one that has its name by now', () => {
  const unheard = new Unheard();
  unheard.lost(job(0, 'UNDEPLOYED', ['UNDEPLOYED']));
  const other = { ...job(0, 'RUNNING', ['CREATING', 'RUNNING']), service_id: 'other' };
  const reports = unheard.take([other], [other]);
  assert.deepEqual(
    reports.map(({ service_id }) => service_id),
    ['other', 's'],
  );
  assert.deepEqual(told(reports), [
    [0, 'RUNNING', ['CREATING', 'RUNNING']],
    [0, 'UNDEPLOYED', ['UNDEPLOYED']],
  ]);
});
