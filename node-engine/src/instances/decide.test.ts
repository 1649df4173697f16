import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Action, compareCommand, decide, type Known, type Seen, type Wanted } from './decide.ts';

const wanted: Wanted = { service_id: 's1', generation: 2, epoch: 3, one_shot: false, ended: false };
const seen: Seen = {
  service_id: 's1',
  generation: 2,
  epoch: 3,
  container: 'c1',
  state: 'running',
  pid: 42,
  exitCode: 0,
};
/** wired by this engine, without a health check, told as RUNNING */
const wired: Known = { wiredPid: 42, health: 'passed', serves: true, takenAlong: false };
const unwired: Known = { ...wired, wiredPid: null, serves: false };
const ended: Seen = { ...seen, state: 'exited', pid: 0 };
const failed: Seen = { ...ended, exitCode: 1 };
const oneShot: Wanted = { ...wanted, one_shot: true };

describe('decide', () => {
  const cases: [string, Wanted | null, Seen | null, Known, Action][] = [
    ['not wanted and not there', null, null, unwired, 'remove'],
    ['not wanted but running', null, seen, wired, 'remove'],
    ['wanted and not there', wanted, null, unwired, 'start'],
    ['as wanted', wanted, seen, wired, 'nothing'],
    ['running, but nobody wired it', wanted, seen, unwired, 'adopt'],
    ['running as another process than the wired one', wanted, { ...seen, pid: 43 }, wired, 'adopt'],
    ['made but never started', wanted, { ...seen, state: 'created', pid: 0 }, unwired, 'start'],
    ['of an older generation', wanted, { ...seen, generation: 1 }, wired, 'start'],
    ['of an older epoch', wanted, { ...seen, epoch: 2 }, wired, 'start'],
    ['of another service', wanted, { ...seen, service_id: 's0' }, wired, 'start'],
    ['outdated and ended', wanted, { ...ended, epoch: 2 }, wired, 'start'],
    ['ended with 0', wanted, ended, wired, 'conclude'],
    ['ended with 1', wanted, failed, wired, 'conclude'],
    ['ended with the machine', wanted, ended, { ...unwired, takenAlong: true }, 'start'],
    ['one-shot, running', oneShot, seen, wired, 'nothing'],
    ['one-shot, ended with 0', oneShot, ended, wired, 'conclude'],
    [
      'one-shot, ended with 0 before the machine',
      oneShot,
      ended,
      { ...unwired, takenAlong: true },
      'conclude',
    ],
    ['one-shot, ended with the machine', oneShot, failed, { ...unwired, takenAlong: true }, 'start'],
    ['given up, its container still there', { ...wanted, ended: true }, failed, unwired, 'clear'],
    ['given up and cleared', { ...wanted, ended: true }, null, unwired, 'nothing'],
    ['not healthy yet', wanted, seen, { ...wired, health: 'waiting', serves: false }, 'nothing'],
    ['healthy for the first time', wanted, seen, { ...wired, serves: false }, 'serve'],
    ['unhealthy', wanted, seen, { ...wired, health: 'failed' }, 'heal'],
    ['never healthy', wanted, seen, { ...wired, health: 'failed', serves: false }, 'heal'],
    [
      'unhealthy, and another process by now',
      wanted,
      { ...seen, pid: 43 },
      { ...wired, health: 'failed' },
      'adopt',
    ],
    ['unhealthy and outdated', { ...wanted, epoch: 4 }, seen, { ...wired, health: 'failed' }, 'start'],
  ];
  for (const [name, want, see, known, action] of cases) {
    it(`${name}: ${action}`, () => assert.equal(decide(want, see, known), action));
  }
});

describe('compareCommand', () => {
  const cases: [string, Partial<Wanted>, 'newer' | 'same' | 'older'][] = [
    ['the same', {}, 'same'],
    ['next epoch', { epoch: 4 }, 'newer'],
    ['next generation, first epoch', { generation: 3, epoch: 1 }, 'newer'],
    ['earlier epoch', { epoch: 2 }, 'older'],
    ['earlier generation, later epoch', { generation: 1, epoch: 9 }, 'older'],
    ['another service of the same name', { service_id: 's2', generation: 1, epoch: 1 }, 'newer'],
  ];
  for (const [name, change, order] of cases) {
    it(`${name}: ${order}`, () => assert.equal(compareCommand(wanted, { ...wanted, ...change }), order));
  }
});
