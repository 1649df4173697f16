/** A cluster whose data directory lies on a file system that is full, and then is not. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Logger, silentLogger } from '@hedgerow/common';
import { type SmallDisk, smallDisk, withoutSmallDisk } from '@hedgerow/common/testing';
import { HandWorker } from '../testing/hand-worker.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

const skip = withoutSmallDisk();

const REF = { service_id: 'aaaaaaaaaaaaaaaaaaaaaaaa', instance_number: 0 };

interface Small {
  site: Site;
  lines: string[];
  disk: SmallDisk;
}

/** A cluster on a file system of one megabyte. */
async function small(t: TestContext): Promise<Small> {
  const disk = smallDisk();
  const lines: string[] = [];
  const note = (_: object, message = '') => void lines.push(message);
  const log: Logger = { ...silentLogger, info: note, warn: note, error: note, child: () => log };
  const site = await Site.start({ data: join(disk.path, 'data') }, log);
  t.after(async () => {
    await site.workers.reduce((all, worker) => all.then(() => worker.drop()), Promise.resolve());
    await site.cluster.stop();
    await site.root.stop();
    disk.remove();
  });
  return { site, lines, disk };
}

async function readiness(site: Site): Promise<[number, string[]]> {
  const answer = await fetch(`${site.cluster.url}/readyz`);
  return [answer.status, ((await answer.json()) as { reasons: string[] }).reasons];
}

async function shown(site: Site): Promise<{ status: string; withdrawn: boolean }[]> {
  const answer = await fetch(`${site.cluster.url}/api/instances`);
  return ((await answer.json()) as { instances: { status: string; withdrawn: boolean }[] }).instances;
}

const FULL = 'the disk of cluster site1 is full';

test('a full disk: nothing new, what runs goes on, what is removed goes, and it ends by itself', {
  skip,
}, async t => {
  const { site, lines, disk } = await small(t);
  const worker = await site.worker();
  await site.place();
  const first = await worker.run();
  await site.root.report('RUNNING');
  await site.place({}, { instance_number: 1 });
  const second = await worker.run('10.18.0.3');
  site.clock.advance(1000);
  await worker.beat();
  await until('it is written', () => site.root.inbox.untaken(m => Boolean(m.reports)).length > 0);
  disk.fill();

  for (const instance_number of [2, 3, 4]) {
    const answer = await site.place({}, { instance_number });
    assert.deepEqual(
      [answer.accepted, answer.status, answer.status_detail],
      [false, 'NO_WORKER_CAPACITY', FULL],
    );
  }
  const { workers } = (await (await fetch(`${site.cluster.url}/api/workers`)).json()) as {
    workers: { reserved: { memory: number } }[];
  };
  assert.equal(workers[0]?.reserved.memory, 200, 'nothing is held for what was refused');
  assert.deepEqual(await readiness(site), [503, ['the disk is full: nothing new is stored']]);

  await worker.say(first, 'FAILED', '', 'exit code 1');
  await site.root.report('FAILED');
  await fetch(`${site.cluster.url}/api/instances/${REF.service_id}/0`, { method: 'DELETE' });
  site.root.send({ remove: { ...REF, instance_number: 1, request_id: '' } });
  await worker.remove();
  await worker.remove();
  await site.root.report('UNDEPLOYED', 1);
  for (let n = 0; n < 20; n++) {
    site.clock.advance(1000);
    await worker.beat();
  }
  const told = lines.filter(line => line.startsWith('the store takes') || /fail|stored/.test(line));
  assert.deepEqual(told, ['the store takes nothing; what runs goes on, and what is new is refused']);

  disk.clear();
  await until('it is noticed', async () => {
    site.clock.advance(1000);
    await worker.beat();
    return lines.includes('the store takes what is written again');
  });
  assert.deepEqual(await readiness(site), [200, []]);
  assert.equal((await site.place({}, { instance_number: 2 })).accepted, true);
  assert.equal(second.instance_number, 1);

  await site.cluster.stop();
  await site.startCluster();
  assert.deepEqual(
    (await shown(site)).map(({ status, withdrawn }) => [status, withdrawn]),
    [
      ['UNDEPLOYED', true],
      ['NODE_SCHEDULED', false],
    ],
    'what was decided while nothing could be written is on disk',
  );
});

test('a cluster that starts on a full disk knows what it has, refuses what is new, and goes on when there is room', {
  skip,
}, async t => {
  const { site, disk } = await small(t);
  const worker = await site.worker();
  await site.place();
  await worker.run();
  await site.root.report('RUNNING');
  await worker.drop();
  await site.cluster.stop();
  disk.fill();
  await site.startCluster();
  assert.deepEqual(
    (await shown(site)).map(({ status }) => status),
    ['RUNNING'],
  );
  const back = new HandWorker(await site.register({ id: worker.id, secret: worker.registered.secret }));
  site.workers.push(back);
  await back.connect();
  const refused = await site.place({}, { instance_number: 1 });
  assert.deepEqual([refused.accepted, refused.status_detail], [false, FULL]);
  disk.clear();
  for (let n = 0; n < 3; n += 1) {
    site.clock.advance(2000);
    await back.beat();
  }
  await until('it is well', async () => (await readiness(site))[0] === 200);
  assert.equal((await site.place({}, { instance_number: 2 })).accepted, true);
});
