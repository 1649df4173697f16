import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Action, compareCommand, decide, type Seen, type Wanted } from './decide.ts';

const wanted: Wanted = { service_id: 's1', generation: 2, epoch: 3, one_shot: false, completed: false };
const seen: Seen = {
  service_id: 's1',
  generation: 2,
  epoch: 3,
  container: 'c1',
  state: 'running',
  pid: 42,
  exitCode: 0,
};

describe('decide', () => {
  const cases: [string, Wanted | null, Seen | null, number | null, Action][] = [
    ['not wanted and not there', null, null, null, 'remove'],
    ['not wanted but running', null, seen, 42, 'remove'],
    ['wanted and not there', wanted, null, null, 'start'],
    ['as wanted', wanted, seen, 42, 'nothing'],
    ['running, but nobody wired it', wanted, seen, null, 'adopt'],
    ['running as another process than the wired one', wanted, { ...seen, pid: 43 }, 42, 'adopt'],
    ['made but never started', wanted, { ...seen, state: 'created', pid: 0 }, null, 'start'],
    ['of an older generation', wanted, { ...seen, generation: 1 }, 42, 'start'],
    ['of an older epoch', wanted, { ...seen, epoch: 2 }, 42, 'start'],
    ['of another service', wanted, { ...seen, service_id: 's0' }, 42, 'start'],
    ['outdated and ended', wanted, { ...seen, epoch: 2, state: 'exited' }, 42, 'start'],
    ['ended with 0', wanted, { ...seen, state: 'exited' }, 42, 'restart'],
    ['ended with 1', wanted, { ...seen, state: 'exited', exitCode: 1 }, 42, 'restart'],
    ['one-shot, running', { ...wanted, one_shot: true }, seen, 42, 'nothing'],
    ['one-shot, ended with 0', { ...wanted, one_shot: true }, { ...seen, state: 'exited' }, 42, 'complete'],
    [
      'one-shot, ended with 1',
      { ...wanted, one_shot: true },
      { ...seen, state: 'exited', exitCode: 1 },
      42,
      'restart',
    ],
    [
      'completed, its container still there',
      { ...wanted, one_shot: true, completed: true },
      { ...seen, state: 'exited' },
      null,
      'clear',
    ],
    ['completed and cleared', { ...wanted, one_shot: true, completed: true }, null, null, 'nothing'],
  ];
  for (const [name, want, see, wired, action] of cases) {
    it(`${name}: ${action}`, () => assert.equal(decide(want, see, wired), action));
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
