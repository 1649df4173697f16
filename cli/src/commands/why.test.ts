import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allLines, firstLine } from '../output/lines.ts';
import { span } from '../output/time.ts';
import { hostsOf, rowsOf } from './why.ts';

const moveAt = (at: number) => ({
  ...{ at: new Date(at).toISOString(), tier: 'root', status: 'REQUESTED', detail: '' },
  ...{ cluster_id: '', worker_id: '' },
});

test('how long it stayed is until the next move, or until now; clocks that contradict each other say nothing', () => {
  const rows = rowsOf([moveAt(0), moveAt(400), moveAt(300)], { at: 90_300, word: 'so far' }, new Map());
  assert.deepEqual(
    rows.map(row => row.stayed),
    ['400 ms', '', '1 min 30 s so far'],
  );
  const [silent] = rowsOf([moveAt(0)], { at: 2000, word: 'when last heard' }, new Map());
  assert.equal(silent?.stayed, '2.0 s when last heard');
});

test('a worker is shown by the address that any instance on it has, else by its id', () => {
  const known = { worker_id: 'aaa', host_ip: '192.0.2.7' };
  const services = [{ instance_list: [known, { worker_id: '', host_ip: '' }] }];
  const hosts = hostsOf(services);
  const moves = ['aaa', 'bbb', ''].map(worker_id => ({ ...moveAt(0), worker_id }));
  assert.deepEqual(
    rowsOf(moves, { at: 0, word: 'so far' }, hosts).map(row => row.worker),
    ['192.0.2.7', 'bbb', ''],
  );
});

test('spans for people', () => {
  const cases: [number, string][] = [
    [0, '0 ms'],
    [1500, '1.5 s'],
    [60_000, '1 min'],
    [3_660_000, '1 h 1 min'],
    [90_000_000, '1 d 1 h'],
    [-1, ''],
    [Number.NaN, ''],
  ];
  for (const [ms, shown] of cases) assert.equal(span(ms), shown);
});

test('a reason of several lines: the first in a table, all of them above it', () => {
  const detail = 'exit code 1, tried again in 2 s\nno such file\u001b[2J\n';
  assert.equal(firstLine(detail), 'exit code 1, tried again in 2 s …');
  assert.equal(allLines(detail), 'exit code 1, tried again in 2 s\n    no such file\\x1b[2J');
  assert.equal(firstLine('one'), 'one');
});
