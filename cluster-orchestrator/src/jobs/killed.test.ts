/** A cluster that is killed before its disk has what it heard: it learns it from the worker when it is back. */
import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type DeployPayload, DOWN, UP } from '@hedgerow/protos';
import type { HandWorker } from '../testing/hand-worker.ts';
import { makeJob } from '../testing/makers.ts';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

let site: Site;
let worker: HandWorker;
let order: DeployPayload;
let copy: string;

beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), 'hedgerow-killed-'));
  site = await Site.start();
  worker = await site.worker();
  await site.place();
  order = await worker.run('10.18.0.2');
  await site.root.report('RUNNING');
  site.clock.advance(250);
  await keepDisk();
});
afterEach(async () => {
  await site.stop();
  await rm(copy, { recursive: true, force: true });
});

async function status(): Promise<string | undefined> {
  const answer = await fetch(`${site.cluster.url}/api/instances`);
  return ((await answer.json()) as { instances: { status: string }[] }).instances[0]?.status;
}

/** The disk as it is now: nothing else is written while the clock stands. */
async function keepDisk(): Promise<void> {
  await delay(100);
  await rm(copy, { recursive: true, force: true });
  await cp(site.config.data, copy, { recursive: true });
}

/** Comes back with its disk as it was when the copy was made. */
async function killed(): Promise<void> {
  await worker.drop();
  await site.cluster.stop();
  await rm(site.config.data, { recursive: true });
  await cp(copy, site.config.data, { recursive: true });
  site.config = { ...site.config, mqttPort: Number(worker.registered.MQTT_BROKER_PORT) };
  await site.startCluster();
}

describe('a status that was heard and not written', () => {
  test('is asked for, as the digest differs', async () => {
    await worker.say(order, 'FAILED', '', 'exit code 3');
    await site.root.report('FAILED');
    await killed();
    assert.equal(await status(), 'RUNNING');
    await worker.arrive();
    await worker.next(DOWN.sync);
    await worker.sync();
    await until('it is known', async () => (await status()) === 'FAILED');
    assert.equal(worker.waiting(DOWN.deploy) + worker.waiting(DOWN.delete), 0);
  });

  test('is never an address that serves no more: the end of RUNNING is written at once', async () => {
    await worker.say(order, 'FAILED', '', 'exit code 3');
    await site.root.report('FAILED');
    await keepDisk();
    await worker.say(order, 'CREATING');
    await worker.say(order, 'RUNNING', '10.18.0.9');
    await site.root.report('RUNNING');
    await killed();
    assert.equal(await status(), 'FAILED');
    await worker.arrive();
    await worker.next(DOWN.sync);
    await worker.sync();
    assert.equal((await site.root.report('RUNNING')).namespace_ip, '10.18.0.9');
  });

  for (const topic of [UP.job, UP.sync] as const)
    test(`is never an earlier address of what runs on (${topic}): both say RUNNING`, async () => {
      const job = makeJob({ epoch: order.epoch, status: 'RUNNING', namespace_ip: '10.18.0.9' });
      await worker.publish(topic, topic === UP.job ? job : { instances: [job] });
      assert.equal((await site.root.report('RUNNING')).namespace_ip, '10.18.0.9');
      await keepDisk();
      await killed();
      const { list } = await site.root.inbox.take('a list', ({ list }) => list?.instances.length === 1);
      assert.equal(list?.instances[0]?.namespace_ip, '10.18.0.9');
    });

  test('is never an address that its worker had to give up', async () => {
    const [worker_id = ''] = site.root.claims.keys();
    site.root.send({ subnet_grant: { claim_id: '', subnet: '10.18.7.64', error: '', worker_id } });
    await worker.next(DOWN.register);
    await keepDisk();
    await killed();
    const { list } = await site.root.inbox.take('a list', ({ list }) => list?.instances.length === 1);
    assert.deepEqual(
      list?.instances[0] && [list.instances[0].namespace_ip, list.instances[0].worker_subnet],
      ['', '10.18.7.64'],
    );
  });
});
