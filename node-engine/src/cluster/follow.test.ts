/** A worker and its cluster: a real broker, a real registration; the Docker Engine is away and may stay so. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { DOWN, decodeBeat, hashInstances, type SyncPayload } from '@hedgerow/protos';
import { makeDeploy } from '../testing/deploys.ts';
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import { removeData, report, startTestWorker, type TestWorker } from '../testing/worker.ts';

const NO_DOCKER = '/nowhere/docker.sock';
const BEAT = 200;

describe('a worker and its cluster', () => {
  let cluster: TestCluster;
  let worker: TestWorker;
  before(async () => {
    cluster = await startTestCluster();
  });
  after(() => cluster.stop());
  beforeEach(async () => {
    worker = await startTestWorker(cluster, NO_DOCKER, null, { beat: BEAT });
  });
  afterEach(async () => {
    await worker.stop();
    removeData(worker);
  });

  const next = (leaf: string) => cluster.up.take(message => message.leaf === leaf, leaf, 5000);
  const nextSync = async () => (await next('sync')).json() as unknown as SyncPayload;

  it('says hello in this order, then beats, and takes its leave', async () => {
    const presence = await next('presence');
    const nothing = { online: true, instances: hashInstances([]), table: 0 };
    assert.deepEqual([presence.json(), presence.qos, presence.retain], [nothing, 1, true]);
    const information = (await next('information')).json();
    assert.equal(typeof information.cpu_percent, 'number');
    assert.ok((information.vcpus as number) >= 1);
    assert.deepEqual(await nextSync(), { instances: [] });
    const beat = decodeBeat((await next('beat')).payload);
    assert.deepEqual(beat, { hash: hashInstances([]), count: 1 });
    await worker.stop();
    assert.deepEqual((await next('presence')).json(), { online: false });
  });

  it('leaves nothing but a short word when its line breaks', async () => {
    await next('beat');
    cluster.cut();
    assert.deepEqual((await next('presence')).json(), { online: false });
  });

  it('asks for an acknowledgement of every fourth beat', async () => {
    const qos: number[] = [];
    while (qos.length < 9) qos.push((await next('beat')).qos);
    assert.deepEqual(qos, [1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });

  it('beats at once when it is probed, and syncs when it is asked', async () => {
    await next('sync');
    await cluster.send(DOWN.probe, {}, 0);
    await next('beat');
    await cluster.send(DOWN.sync, {});
    assert.deepEqual(await nextSync(), { instances: [] });
  });

  it('stores a command, says what it waits for, and the beat covers it', async () => {
    await cluster.send(DOWN.deploy, makeDeploy({ generation: 4, epoch: 2 }));
    const creating = await report(cluster, 'CREATING');
    assert.equal(creating.status_detail, 'waiting for the container runtime, which does not answer');
    assert.deepEqual([creating.generation, creating.epoch], [4, 2]);
    const { service_id } = makeDeploy();
    const hash = hashInstances([
      { service_id, instance_number: 0, generation: 4, epoch: 2, status: 'CREATING' },
    ]);
    assert.equal(decodeBeat((await next('beat')).payload)?.hash, hash);
  });

  it('names the field of a command that it cannot carry out', async () => {
    await cluster.send(DOWN.deploy, { ...makeDeploy(), memory: 'much' });
    const failed = await report(cluster, 'FAILED');
    assert.equal(failed.status_detail, 'control/deploy: memory is "much"; allowed: a whole number from 0');
  });

  it('tells everything again after a cut, and gets what was sent meanwhile', async () => {
    await cluster.send(DOWN.deploy, makeDeploy());
    await report(cluster, 'CREATING');
    await cluster.deafen();
    await cluster.send(DOWN.deploy, makeDeploy({ instance_number: 1 }));
    await cluster.listen();
    const { instances } = await nextSync();
    assert.equal(instances[0]?.status, 'CREATING');
    if (!instances.some(({ instance }) => instance === 1)) await report(cluster, 'CREATING', 1);
  });

  it('notices a line that is silent without being closed', async () => {
    await next('beat');
    cluster.mute();
    await next('presence');
    await next('sync');
  });

  it('registers again under the same id when the broker refuses it', async () => {
    const { id } = worker;
    cluster.changeSecrets();
    cluster.cut();
    await next('sync');
    assert.equal(worker.id, id);
  });

  it('registers again when it is asked to, and is there again', async () => {
    await next('sync');
    await cluster.send(DOWN.register, { subnet: '10.18.9.0' });
    await cluster.registrations.take(({ id }) => id === worker.id, 'registration under the same id');
    await next('presence');
    await nextSync();
  });

  it('works under a new id when the cluster has forgotten it, and lets the old work go', async () => {
    await cluster.send(DOWN.deploy, makeDeploy());
    await report(cluster, 'CREATING');
    cluster.forget();
    cluster.cut();
    const { instances } = await nextSync();
    assert.deepEqual(instances, []);
  });
});

describe('a worker without its cluster', () => {
  it('starts with what it had to run', async () => {
    const cluster = await startTestCluster();
    const first = await startTestWorker(cluster, NO_DOCKER, null);
    await cluster.send(DOWN.deploy, makeDeploy());
    await report(cluster, 'CREATING');
    await first.stop();
    await cluster.stop();
    const second = await startTestWorker(cluster, NO_DOCKER, null, { data: first.data, connected: false });
    assert.equal(second.id, first.id);
    await second.stop();
    removeData(first);
  });

  it('comes up when the cluster does', async () => {
    const cluster = await startTestCluster();
    cluster.refuse = { status: 503, body: { message: 'starting' } };
    const starting = startTestWorker(cluster, NO_DOCKER, null);
    await cluster.registrations.take(() => true, 'registration');
    cluster.refuse = undefined;
    const worker = await starting;
    assert.match(worker.id, /^[0-9a-f]{24}$/);
    await worker.stop();
    removeData(worker);
    await cluster.stop();
  });
});
