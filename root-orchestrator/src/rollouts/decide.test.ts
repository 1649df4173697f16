import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Instance, Rollout } from '../model.ts';
import { decide, RETRIES, ROOM_WITHIN, RUNNING_WITHIN, SETTLE, type Seen, type Step } from './decide.ts';

/** Generation 1 is old, 2 is new; on the way back 2 is old, 3 new. */
const ROLLING = { state: 'rolling', from: { generation: 1 }, to: { generation: 2 } } as Rollout;
const UNDOING = { state: 'undoing', from: { generation: 2 }, to: { generation: 3 } } as Rollout;

function instance(instance_number: number, generation: number, fields: Partial<Instance> = {}): Instance {
  return {
    id: `s/${instance_number}`,
    instance_number,
    generation,
    desired: 'run',
    status: 'RUNNING',
    status_detail: '',
    cluster_id: 'c',
    ...fields,
  } as Instance;
}

const NOW = 1_000_000;
const longAgo: Seen = { since: 0, running: 0, failing: null };
const failingFor = (ms: number): Seen => ({ since: 0, running: null, failing: NOW - ms });

interface Row {
  name: string;
  rollout?: Rollout;
  instances: Instance[];
  /** by instance number; long there and RUNNING when left out */
  seen?: Record<number, Seen>;
  gives: string;
}

const waiting = { status: 'REQUESTED', cluster_id: '' } as const;
const failed = { status: 'FAILED', status_detail: 'no such image' } as const;

const TABLE: Row[] = [
  { name: 'nothing to replace', instances: [], gives: 'end' },
  { name: 'all are new', instances: [instance(3, 2)], gives: 'end' },
  { name: 'what has completed stays', instances: [instance(0, 1, { status: 'COMPLETED' })], gives: 'end' },
  {
    name: 'what has completed beside its successor goes',
    instances: [
      instance(0, 1, { status: 'COMPLETED' }),
      instance(2, 2, { status: 'COMPLETED', replaces: 0 }),
    ],
    gives: 'remove 0 (1 of 1 instances are replaced)',
  },
  {
    name: 'a successor of one that has become new itself goes',
    instances: [instance(1, 2), instance(2, 2, { replaces: 1 }), instance(0, 1)],
    gives: 'remove 2',
  },
  { name: 'what is leaving is not there', instances: [instance(0, 1, { desired: 'gone' })], gives: 'end' },
  { name: 'the oldest first', instances: [instance(1, 1), instance(0, 1)], gives: 'replace 0' },
  {
    name: 'those that serve nobody first',
    instances: [instance(0, 1), instance(1, 1, failed), instance(2, 1, waiting)],
    gives: 'replace 2',
  },
  {
    name: 'any older generation is old',
    instances: [instance(0, 0)],
    rollout: { ...ROLLING, from: { generation: 1 } } as Rollout,
    gives: 'replace 0',
  },
  {
    name: 'one at a time: the new one is not there yet',
    instances: [instance(0, 1), instance(1, 1), instance(2, 2, { ...waiting, replaces: 0 })],
    seen: { 2: { since: NOW - 10, running: null, failing: null } },
    gives: `wait ${NOW - 10 + ROOM_WITHIN}`,
  },
  {
    name: 'an image may take its time',
    instances: [instance(0, 1), instance(2, 2, { status: 'CREATING', replaces: 0 })],
    seen: { 2: { since: NOW - ROOM_WITHIN, running: null, failing: null } },
    gives: `wait ${NOW - ROOM_WITHIN + RUNNING_WITHIN}`,
  },
  {
    name: 'it runs, but not for long enough',
    instances: [instance(0, 1), instance(2, 2, { replaces: 0 })],
    seen: { 2: { since: 0, running: NOW - 10, failing: null } },
    gives: `wait ${NOW - 10 + SETTLE}`,
  },
  {
    name: 'it is dead for good: nothing is waited for',
    instances: [instance(0, 1), instance(2, 2, { ...failed, status: 'DEAD', replaces: 0 })],
    seen: { 2: { since: NOW - 10, running: null, failing: null } },
    gives: 'turn instance 2, which was to take over, is DEAD for good: no such image',
  },
  {
    name: 'an old one that is dead for good is replaced like any other',
    instances: [instance(0, 1, { status: 'DEAD' })],
    gives: 'replace 0',
  },
  {
    name: 'it runs: the old one goes',
    instances: [instance(0, 1), instance(1, 1), instance(2, 2, { replaces: 0 })],
    gives: 'remove 0 (1 of 2 instances are replaced)',
  },
  {
    name: 'a job that ended is as good as one that runs',
    instances: [instance(0, 1), instance(2, 2, { replaces: 0, status: 'COMPLETED' })],
    gives: 'remove 0 (1 of 1 instances are replaced)',
  },
  {
    name: 'what waits for room makes room for its successor at once',
    instances: [instance(0, 1, waiting), instance(2, 2, { ...waiting, replaces: 0 })],
    gives: 'remove 0 (1 of 1 instances are replaced)',
  },
  {
    name: 'the new one fails: its worker tries again',
    instances: [instance(0, 1), instance(2, 2, { ...failed, replaces: 0 })],
    seen: { 2: failingFor(400) },
    gives: `wait ${NOW - 400 + RETRIES}`,
  },
  {
    name: 'the new one goes on failing',
    instances: [instance(0, 1), instance(2, 2, { ...failed, replaces: 0 })],
    seen: { 2: failingFor(RETRIES) },
    gives: 'turn instance 2, which was to take over, is FAILED after 30 s: no such image',
  },
  {
    name: 'a start that takes its time after one that failed is waited for',
    instances: [instance(0, 1), instance(2, 2, { status: 'CREATING', replaces: 0 })],
    seen: { 2: { ...failingFor(2 * RETRIES), since: NOW - 3 * RETRIES } },
    gives: `wait ${NOW - 3 * RETRIES + RUNNING_WITHIN}`,
  },
  {
    name: 'it runs after all: what was before does not count',
    instances: [instance(0, 1), instance(2, 2, { replaces: 0 })],
    seen: { 2: { ...failingFor(2 * RETRIES), running: NOW - SETTLE } },
    gives: 'remove 0 (1 of 1 instances are replaced)',
  },
  {
    name: 'the new one finds no room',
    instances: [instance(0, 1), instance(2, 2, { ...waiting, replaces: 0 })],
    seen: { 2: { since: NOW - ROOM_WITHIN, running: null, failing: null } },
    gives: 'turn instance 2, which was to take over, is REQUESTED after 60 s',
  },
  {
    name: 'a failure of one that replaces nobody is not the update’s',
    instances: [instance(2, 2, failed)],
    gives: 'end',
  },
  {
    name: 'two for one: the later one goes',
    instances: [instance(0, 1), instance(3, 2, { replaces: 0 }), instance(2, 2, { replaces: 0 })],
    gives: 'remove 3',
  },
  {
    name: 'back: what would have replaced one that is still there goes at once',
    rollout: UNDOING,
    instances: [instance(0, 1), instance(2, 2, { ...failed, replaces: 0 })],
    gives: 'remove 2',
  },
  {
    name: 'back: what has replaced one is replaced itself',
    rollout: UNDOING,
    instances: [instance(1, 1), instance(2, 2, { replaces: 0 })],
    gives: 'replace 2',
  },
  {
    name: 'back: a number that was asked for meanwhile goes back, too',
    rollout: UNDOING,
    instances: [instance(3, 2), instance(4, 3, { replaces: 3 })],
    gives: 'remove 3 (1 of 1 instances are replaced)',
  },
  {
    name: 'back: fails as well',
    rollout: UNDOING,
    instances: [instance(2, 2, { replaces: 0 }), instance(3, 3, { ...failed, replaces: 2 })],
    seen: { 3: failingFor(RETRIES) },
    gives: 'end instance 3, which was to take over, is FAILED after 30 s: no such image',
  },
  { name: 'back: done', rollout: UNDOING, instances: [instance(0, 1), instance(3, 3)], gives: 'end' },
];

function words(step: Step): string {
  switch (step.kind) {
    case 'wait':
      return `wait ${step.until}`;
    case 'replace':
      return `replace ${step.old.instance_number}`;
    case 'remove': {
      const numbers = step.instances.map(({ instance_number }) => instance_number).join(', ');
      return `remove ${numbers}${step.detail === null ? '' : ` (${step.detail})`}`;
    }
    case 'turn':
      return `turn ${step.why}`;
    case 'end':
      return step.failure === null ? 'end' : `end ${step.failure}`;
  }
}

describe('the next step of an update', () => {
  for (const { name, rollout = ROLLING, instances, seen = {}, gives } of TABLE) {
    test(name, () => {
      const look = (id: string) => seen[Number(id.split('/')[1])] ?? longAgo;
      assert.equal(words(decide({ rollout, instances, seen: look, now: NOW })), gives);
    });
  }
});
