/** What nobody should say on a worker's topics: from a worker that is let in. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Random } from '@hedgerow/common/testing';
import { type JobPayload, UP } from '@hedgerow/protos';
import type { HandWorker } from '../testing/hand-worker.ts';
import { makeJob } from '../testing/makers.ts';
import { recorder } from '../testing/recorder.ts';
import { Site } from '../testing/site.ts';

/** Printed with what fails. */
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

let site: Site;
let worker: HandWorker;
let log: ReturnType<typeof recorder>;

beforeEach(async () => {
  log = recorder();
  site = await Site.start({}, log);
  worker = await site.worker();
});
afterEach(() => site.stop());

/** The next good message works. */
async function works(instance_number = 0): Promise<void> {
  await site.place({}, { instance_number });
  const order = await worker.deploy();
  await worker.say(order, 'RUNNING', '10.18.0.2');
  await site.root.report('RUNNING', instance_number);
}

/** Arrived and done with: messages of one worker are taken in order. */
const taken = () => worker.beat();

const GOOD: Record<string, object> = {
  [UP.information]: { cpu_percent: 1, memory_percent: 2, memory: 3, vcpus: 4 },
  [UP.job]: {
    ...makeJob(),
    moves: [{ at: 1, tier: 'worker', status: 'RUNNING', detail: '', worker_id: '' }],
  },
  [UP.jobsResources]: {
    services: [
      { job_name: 'x', service_id: 'y', instance: 0, cpu_percent: '1', memory_percent: '2', disk: '3' },
    ],
  },
  [UP.presence]: { online: true, instances: 1, table: 2 },
  [UP.sync]: { instances: [makeJob()] },
  [UP.tableQuery]: { sname: 'a.b.c.d', sip: '10.30.0.1' },
  [UP.logs]: { stream_id: 's', lines: ['a'], lost: 0, end: false, error: '' },
};
const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const WRONG: readonly unknown[] = [
  ...[
    null,
    true,
    -1,
    1.5,
    1e308,
    2 ** 53,
    '',
    'x',
    'x'.repeat(100_000),
    [],
    [[]],
    {},
    [null],
    [{}],
    [1, 'a'],
  ],
  ...[{ toString: 1, valueOf: 2 }, { length: 1e9 }, '\u0000', '💥'.repeat(100), 'NaN', '-1', 'constructor'],
  ...[JSON.parse(deep(2000)), JSON.parse('{"__proto__":{"polluted":1}}'), { constructor: { prototype: {} } }],
];

test('wrong shapes of every field on every topic cost at most a line a minute', async () => {
  for (const [leaf, good] of Object.entries(GOOD)) {
    // as much as a worker may say in that time
    site.clock.advance(1000);
    for (const key of Object.keys(good)) {
      for (const wrong of WRONG) await worker.publish(leaf, { ...good, [key]: wrong });
    }
    for (const text of [
      '',
      '{',
      'null',
      '[]',
      '"x"',
      '0',
      '\u0000',
      deep(100_000),
      '{"__proto__":{"online":true}}',
    ])
      await worker.client.publishAsync(`nodes/${worker.id}/${leaf}`, text, { qos: 1 });
  }
  await taken();
  assert.equal(({} as { polluted?: number }).polluted, undefined);
  const lines = log.lines.filter(({ message }) => message.startsWith('message not understood'));
  assert.equal(lines.length, 1);
  assert.ok(log.lines.every(line => JSON.stringify(line).length < 2000));
  worker.inbox.clear();
  await worker.sync();
  await works();
});

test('random changes to good messages leave the cluster as it is', async () => {
  const chance = new Random(SEED);
  const below = (most: number) => Math.floor(chance.next() * most);
  const leaves = Object.keys(GOOD);
  const mutate = (value: unknown): unknown => {
    if (below(6) === 0) return WRONG[below(WRONG.length)];
    if (Array.isArray(value)) return value.map(mutate);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [below(20) === 0 ? 'x' : key, mutate(one)]),
    );
  };
  for (let n = 0; n < 300; n++) {
    const leaf = leaves[below(leaves.length)] as string;
    await worker.publish(leaf, mutate(GOOD[leaf]) ?? null);
    await worker.client.publishAsync(`nodes/${worker.id}/${leaf}`, Buffer.from([below(256), below(256)]), {
      qos: 1,
    });
  }
  await taken();
  worker.inbox.clear();
  await worker.sync();
  await works().catch(cause => assert.fail(`SEED=${SEED}: ${cause}`));
});

describe('what a worker says of instances', () => {
  const say = (job: Partial<JobPayload>) => worker.publish(UP.job, makeJob(job));

  test('is cut to a length that people read', async () => {
    await site.place();
    const order = await worker.deploy();
    const status_detail = 'd'.repeat(1_000_000);
    const logs = `${'l'.repeat(1_000_000)}END`;
    await say({ ...order, status: 'FAILED', status_detail, logs } as Partial<JobPayload>);
    const report = await site.root.report('FAILED');
    assert.deepEqual([report.status_detail.length, report.logs.length], [4096, 65_536]);
    assert.ok(report.logs.endsWith('END'));
  });

  test('is not believed when its numbers are out of reach', async () => {
    await works();
    for (const epoch of [-1, 2 ** 32, 2 ** 40, Number.MAX_VALUE, 0.5]) {
      await say({ status: 'FAILED', epoch });
      await say({ status: 'FAILED', generation: epoch });
      await say({ status: 'FAILED', instance: epoch });
    }
    await taken();
    assert.equal(
      site.root.inbox.untaken(m => m.reports?.reports.some(r => r.status === 'FAILED') ?? false).length,
      0,
    );
  });

  test('of others is not believed: it is told to remove what it claims', async () => {
    await works();
    const thief = await site.worker({ host: 'worker2' });
    await thief.publish(UP.job, makeJob({ status: 'FAILED', epoch: 99, namespace_ip: '10.18.0.66' }));
    const order = await thief.remove();
    assert.equal(order.instance_number, 0);
    await thief.publish(UP.jobsResources, {
      services: [{ service_id: makeJob().service_id, instance: 0, cpu_percent: '99', logs: 'mine' }],
    });
    await thief.beat();
    assert.equal(
      site.root.inbox.untaken(m => m.reports?.reports.some(r => r.epoch !== 1) ?? false).length,
      0,
    );
  });

  test('thousands of times does not hold up others', async () => {
    const other = await site.worker({ host: 'worker2', vcpus: 50 });
    for (let n = 0; n < 1500; n++) {
      worker.client.publish(
        `nodes/${worker.id}/job`,
        JSON.stringify(makeJob({ instance: n, service_id: 'x' })),
      );
    }
    await site.place({ vcpus: 10 });
    const order = await other.deploy();
    await other.say(order, 'RUNNING', '10.18.0.66');
    await site.root.report('RUNNING');
    await taken();
    assert.ok(log.lines.filter(({ message }) => message.startsWith('worker has')).length <= 2);
  });
});

test('the questions of one worker that wait for the root are bounded', async () => {
  const other = await site.worker({ host: 'worker2' });
  for (let n = 0; n < 300; n++) await worker.publish(UP.tableQuery, { sname: `a.b.c${n}.d`, sip: '' });
  await taken();
  assert.equal(site.root.inbox.untaken(m => m.body === 'table_query').length, 64);
  await other.publish(UP.tableQuery, { sname: 'a.b.other.d', sip: '' });
  await other.beat();
  assert.equal(site.root.inbox.untaken(m => m.table_query?.job_name === 'a.b.other.d').length, 1);
});
