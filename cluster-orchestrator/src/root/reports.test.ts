import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '@hedgerow/common/testing';
import { type FromCluster, type InstanceReport, MOST_MOVES, type Move } from '@hedgerow/protos';
import { toReport } from '../jobs/report.ts';
import { makeInstance } from '../testing/makers.ts';
import { Reports } from './reports.ts';

const MEBIBYTE = 1024 * 1024;

function setUp() {
  const clock = manualClock();
  const line = { up: true, sent: [] as FromCluster[], told: [] as InstanceReport[] };
  const send = (message: FromCluster) => {
    if (line.up) line.sent.push(message);
    return line.up;
  };
  const reports = new Reports({ clock, send, told: report => void line.told.push(report) });
  return { clock, line, reports };
}

let moments = 0;
const move = (detail = ''): Move => ({
  at: ++moments,
  tier: 'worker',
  status: 'FAILED',
  detail,
  worker_id: 'w1',
});
const reportOf = (number: number, moves: Move[]): InstanceReport =>
  toReport(makeInstance({ id: `s/${number}`, instance_number: number, moves }), undefined);

test('a list of a site where all crashed for long is one message that the root takes', () => {
  const { reports } = setUp();
  const crashed = Array.from({ length: 400 }, (_, n) =>
    reportOf(
      n,
      Array.from({ length: MOST_MOVES }, () => move('x'.repeat(1000))),
    ),
  );
  const list = reports.completed(crashed);
  assert.ok(JSON.stringify(crashed).length > 16 * MEBIBYTE);
  assert.ok(JSON.stringify(list).length < 8 * MEBIBYTE);
  for (const [n, { moves }] of list.entries()) assert.equal(moves?.at(-1), crashed[n]?.moves?.at(-1));
});

test('what was sent long before the cut is not said again, however much was said since', () => {
  const { clock, line, reports } = setUp();
  const [early, late] = [move(), move()];
  reports.queue(reportOf(0, [early]));
  reports.flush();
  for (const moves of [[], [late], []]) {
    clock.advance(6000);
    reports.queue(reportOf(0, moves));
    reports.flush();
  }
  line.up = false;
  reports.linkLost();
  line.up = true;
  line.sent.length = 0;
  reports.flush();
  assert.deepEqual(
    line.sent.map(({ reports: said }) => said?.reports.map(({ moves }) => moves)),
    [[[late]]],
  );
});

test('what waits for the next stream keeps the moves of what was lost when more is said', () => {
  const { line, reports } = setUp();
  const [lost, untold] = [move(), move()];
  reports.queue(reportOf(0, [lost]));
  reports.flush();
  line.up = false;
  reports.linkLost();
  reports.queue(reportOf(0, [untold]));
  reports.queue(reportOf(0, [untold]));
  assert.deepEqual(reports.completed([reportOf(0, [untold])])[0]?.moves, [lost, untold]);
  line.up = true;
  line.sent.length = 0;
  reports.flush();
  assert.deepEqual(line.sent[0]?.reports?.reports[0]?.moves, [lost, untold]);
});
