import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canMove, isWrittenBy, type JobPayload, type Move, STATUSES, type Status } from '@hedgerow/protos';
import { type Instance, isHeld, isWaiting } from '../model.ts';
import { makeInstance, makeJob } from '../testing/makers.ts';
import { compare } from './compare.ts';
import { applied, judge } from './judge.ts';

const WAITS = { worker_id: '', status: 'NO_WORKER_CAPACITY' } as const;

function way(...statuses: string[]): Move[] {
  return statuses.map(status => ({ at: 0, tier: 'worker', status, detail: '', worker_id: 'w1' }));
}

describe('a worker says that an instance changed', () => {
  const cases: [title: string, Partial<Instance> | null, Partial<JobPayload>, string][] = [
    ['its own', { status: 'CREATING' }, { status: 'RUNNING' }, 'apply'],
    ['a repetition', {}, {}, 'apply'],
    [
      'what led there while nobody heard it',
      { status: 'RUNNING' },
      { status: 'CREATED', moves: way('RUNNING', 'FAILED', 'CREATING', 'CREATED') },
      'apply',
    ],
    [
      'what leads nowhere',
      { status: 'RUNNING' },
      { status: 'CREATED', moves: way('COMPLETED', 'CREATED') },
      'refused',
    ],
    ['unknown', null, {}, 'stray'],
    ['unknown and removed', null, { status: 'UNDEPLOYED' }, 'old'],
    ['another worker’s', { worker_id: 'w2' }, {}, 'stray'],
    ['another worker’s, removed', { worker_id: 'w2' }, { status: 'UNDEPLOYED' }, 'old'],
    ['nobody’s, and it had it: its sync decides', { ...WAITS, former: 'w1' }, {}, 'old'],
    ['nobody’s, and another one had it', { ...WAITS, former: 'w2' }, {}, 'stray'],
    [
      'removed here by an operator',
      { desired: 'gone', withdrawn: true, worker_id: '', status: 'UNDEPLOYED' },
      {},
      'stray',
    ],
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
    ['given up, told again', { status: 'DEAD' }, { status: 'DEAD' }, 'apply'],
    ['given up, then removed unasked', { status: 'DEAD' }, { status: 'UNDEPLOYED' }, 'detached'],
    ['completed, then removed unasked', { status: 'COMPLETED' }, { status: 'UNDEPLOYED' }, 'detached'],
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
    ['nobody else was given it', { ...WAITS, former: 'w1' }, {}, ['adopt']],
    ['nobody’s, but of an earlier placement', { ...WAITS, former: 'w1', epoch: 3 }, {}, ['delete']],
    ['going away', { desired: 'gone' }, {}, ['delete']],
    ['an earlier placement', { epoch: 2 }, {}, ['deploy']],
    ['an earlier specification', { generation: 2 }, {}, ['deploy']],
    ['a later placement than is known', {}, { epoch: 7 }, ['adopt']],
    ['missing', {}, null, ['deploy']],
    ['missing, just sent', { status: 'NODE_SCHEDULED' }, null, ['deploy']],
    ['missing, was going away', { desired: 'gone' }, null, ['forget']],
    ['another one had it', { ...WAITS, former: 'w2' }, {}, ['delete']],
    ['missing, had completed', { status: 'COMPLETED' }, null, ['detach']],
    ['missing, was given up', { status: 'DEAD' }, null, ['detach']],
    ['runs though it had ended', { status: 'DEAD' }, {}, ['delete']],
    [
      'an earlier copy of what has ended',
      { status: 'COMPLETED', epoch: 2 },
      { status: 'COMPLETED' },
      ['delete'],
    ],
    ['ended, and nobody’s any more', { status: 'DEAD', worker_id: '' }, { status: 'DEAD' }, ['delete']],
    ['told as removed', {}, { status: 'UNDEPLOYED' }, ['deploy']],
    ['told as if the root had spoken', {}, { status: 'CLUSTER_SCHEDULED' }, ['refuse']],
    ['told as if the cluster had spoken', {}, { status: 'NODE_SCHEDULED' }, ['refuse']],
    ['told in no status at all', {}, { status: 'Running' }, ['refuse']],
    [
      'nobody else was given it, told in a status of the root',
      { ...WAITS, former: 'w1' },
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

const ALL = Object.keys(STATUSES) as Status[];

interface Case {
  instance: Instance;
  job: JobPayload;
}

/** Every state × wanted or not × whose it is × every word × an earlier, this and a later placement. */
function* everything(): Generator<Case> {
  for (const status of ALL)
    for (const desired of ['run', 'gone'] as const)
      for (const worker_id of ['w1', 'w2', ''])
        for (const word of [...ALL, 'nonsense'])
          for (const epoch of [1, 2, 3]) {
            const former = worker_id === '' ? 'w1' : '';
            const instance = makeInstance({ status, desired, worker_id, former, epoch: 2, logs: 'before' });
            yield { instance, job: makeJob({ status: word, epoch }) };
          }
}

const isFinal = ({ status }: Instance) => STATUSES[status].final;

describe('whatever a worker says of whatever the cluster believes', () => {
  const all = [...everything()];
  const say = ({ instance, job }: Case) =>
    `${instance.status} ${instance.desired} of ${instance.worker_id}: ${job.status} ${job.epoch}`;
  const only = (keeps: (given: Case) => boolean) => all.filter(keeps);

  test('of another worker’s instance nothing is believed', () => {
    for (const given of only(({ instance }) => instance.worker_id !== 'w1')) {
      assert.ok(['stray', 'old'].includes(judge(given.instance, 'w1', given.job)), say(given));
    }
  });

  test('of an earlier placement nothing is believed but that it is gone as it should be', () => {
    for (const given of only(
      ({ instance, job }) => instance.worker_id === 'w1' && job.epoch < instance.epoch,
    )) {
      const gone = given.instance.desired === 'gone' && given.job.status === 'UNDEPLOYED';
      assert.equal(judge(given.instance, 'w1', given.job), gone ? 'gone' : 'old', say(given));
    }
  });

  test('its own is believed when it is a worker’s word and a legal move', () => {
    for (const given of only(
      ({ instance, job }) => instance.worker_id === 'w1' && job.epoch >= instance.epoch,
    )) {
      const { instance, job } = given;
      if (job.status === 'UNDEPLOYED') continue;
      const word = job.status as Status;
      const legal = ALL.includes(word) && isWrittenBy('worker', word) && canMove(instance.status, word);
      assert.equal(judge(instance, 'w1', job), legal ? 'apply' : 'refused', say(given));
      if (legal) assert.equal(applied(instance, job, 9).logs, 'before');
    }
  });

  test('what has ended stays ended: it is neither placed nor sent again, and only its own word is taken', () => {
    for (const given of only(({ instance }) => isFinal(instance) && instance.desired === 'run')) {
      const { instance, job } = given;
      const verdict = judge(instance, 'w1', job);
      assert.ok(verdict !== 'lost' && (verdict !== 'apply' || job.status === instance.status), say(given));
      const own = instance.worker_id === 'w1' ? [instance] : [];
      for (const reported of [[job], []])
        for (const { kind } of compare('w1', own, () => instance, reported))
          assert.ok(
            kind === 'delete' || kind === 'detach' || (kind === 'adopt' && job.status === instance.status),
          );
    }
  });

  test('COMPLETED and DEAD are treated alike', () => {
    const other = { COMPLETED: 'DEAD', DEAD: 'COMPLETED' } as Record<string, Status>;
    for (const given of only(({ instance }) => instance.status === 'COMPLETED')) {
      const { instance, job } = given;
      const twin = { ...instance, status: 'DEAD' } as const;
      const its = { ...job, status: other[job.status] ?? job.status };
      assert.equal(judge(twin, 'w1', its), judge(instance, 'w1', job), say(given));
      const kinds = (i: Instance, j: JobPayload) =>
        compare('w1', i.worker_id === 'w1' ? [i] : [], () => i, [j]).map(({ kind }) => kind);
      assert.deepEqual(kinds(twin, its), kinds(instance, job), say(given));
      assert.deepEqual([isHeld(twin), isWaiting(twin)], [false, false]);
    }
  });

  test('what is to go is deleted or forgotten, whatever is told of it', () => {
    for (const { instance, job } of only(given => given.instance.desired === 'gone')) {
      const own = instance.worker_id === 'w1' ? [instance] : [];
      for (const { kind } of compare('w1', own, () => instance, [job]))
        assert.ok(kind === 'delete' || kind === 'forget');
    }
  });

  test('of another worker’s instance no copy stays', () => {
    for (const { instance, job } of only(given => given.instance.worker_id === 'w2')) {
      const kinds = compare('w1', [], () => instance, [job]).map(({ kind }) => kind);
      assert.deepEqual(kinds, job.status === 'UNDEPLOYED' ? [] : ['delete']);
    }
  });
});

describe('moves', () => {
  test('a worker that keeps none has made one when it says something else', () => {
    const instance = makeInstance({ status: 'CREATING' });
    const running = applied(instance, makeJob({ status_detail: 'up' }), 9);
    assert.deepEqual(running.moves, [
      { at: 9, tier: 'worker', status: 'RUNNING', detail: 'up', worker_id: 'w1' },
    ]);
    assert.equal(applied(running, makeJob({ status_detail: 'up' }), 10).moves.length, 1);
  });

  test('those that it kept are taken as they are, in its own name, and no word that is not a worker’s', () => {
    const told = (status: string) => ({ at: 5, tier: 'root', status, detail: '', worker_id: 'x' }) as const;
    const moves = ['CREATING', 'REQUESTED', 'nonsense', 'RUNNING'].map(told);
    const after = applied(makeInstance(), makeJob({ moves }), 9);
    assert.deepEqual(
      after.moves.map(({ status, tier, worker_id, at }) => [status, tier, worker_id, at]),
      [
        ['CREATING', 'worker', 'w1', 5],
        ['RUNNING', 'worker', 'w1', 5],
      ],
    );
  });

  test('a report that is told again moves nothing, what is new in it does', () => {
    const told = (at: number, status: string) =>
      ({ at, tier: 'worker', status, detail: '', worker_id: '' }) as const;
    const moves = [told(5, 'CREATING'), told(6, 'RUNNING')];
    const once = applied(makeInstance(), makeJob({ moves }), 9);
    assert.deepEqual(applied(once, makeJob({ moves }), 10).moves, once.moves);
    const more = applied(once, makeJob({ moves: [...moves, told(7, 'FAILED')] }), 11);
    assert.deepEqual(
      more.moves.map(({ status }) => status),
      ['CREATING', 'RUNNING', 'FAILED'],
    );
  });
});
