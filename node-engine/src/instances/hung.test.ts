/** An Engine that never answers some calls: who waits for them keeps nobody else waiting. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Clock, newId, openSqlite, type Store, silentLogger, systemClock } from '@hedgerow/common';
import type { JobPayload } from '@hedgerow/protos';
import { Readers } from '../logs/readers.ts';
import { DockerRuntime } from '../runtimes/docker/docker-runtime.ts';
import { makeDeploy } from '../testing/deploys.ts';
import { startDockerd, type TestDockerd, withoutDocker } from '../testing/dockerd.ts';
import { type EngineProxy, startEngineProxy } from '../testing/engine-proxy.ts';
import { eventually } from '../testing/eventually.ts';
import { makeImage } from '../testing/images.ts';
import { DesiredStore } from './desired.ts';
import { Instances } from './instances.ts';

/** Ten times as fast. */
const HURRIED: Clock = { ...systemClock, after: (ms, callback) => systemClock.after(ms / 10, callback) };
/** ms, real ones */
const PATIENCE = 2000;
const HUNG = [0, 1, 2, 3];
const START = /^POST \S*\/containers\/\w+\/start/;

describe('calls that hang', { skip: withoutDocker() }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'hedgerow-hung-'));
  const told = new Map<number, JobPayload>();
  let dockerd: TestDockerd;
  let proxy: EngineProxy;
  let runtime: DockerRuntime;
  let store: Store;
  let instances: Instances;

  before(async () => {
    dockerd = await startDockerd();
    for (const name of ['test:1', 'other:1'])
      await makeImage(dockerd.docker, { name, changes: ['CMD ["sleep", "1000"]'] });
    proxy = await startEngineProxy(dockerd.socket, join(directory, 'docker.sock'));
    const workerId = newId(Date.now());
    const [clock, log] = [HURRIED, silentLogger];
    const { socket } = proxy;
    runtime = new DockerRuntime({
      ...{ workerId, socket, clock, log, shim: '/bin/busybox', stopGrace: 0, patience: PATIENCE },
    });
    store = openSqlite({ file: ':memory:', durability: 'normal' });
    instances = new Instances({
      ...{ runtime, clock, log, workerId, overlay: null, rebooted: false, random: () => 0 },
      desired: new DesiredStore(store),
      readers: new Readers(clock),
      probe: async () => ({ outcome: 'passed' }),
      publicAddress: () => '192.0.2.1',
      publish: report => told.set(report.instance, report).size > 0,
    });
    const up = Promise.withResolvers<void>();
    runtime.watch({
      up: () => up.resolve(),
      away: () => {},
      changed: (jobName, number) => instances.changed(jobName, number),
    });
    await up.promise;
  });
  after(async () => {
    proxy?.swallow(/^\b$/);
    await instances?.stop();
    runtime?.close();
    await proxy?.stop();
    await dockerd?.stop();
    await store?.close();
    rmSync(directory, { recursive: true });
  });

  const deploy = (instance_number: number, image = 'test:1') =>
    instances.deploy(makeDeploy({ instance_number, image }));
  const runs = (number: number) =>
    eventually(`instance ${number} runs`, async () => told.get(number)?.status === 'RUNNING');

  it('as many starts as there may be hold up no other one for long; they say why, and are tried again', async () => {
    proxy.swallow(START);
    for (const number of HUNG) await deploy(number);
    await eventually('all hang', async () => proxy.swallowed === HUNG.length);
    proxy.swallow(/^\b$/);
    await deploy(4);
    await runs(4);
    for (const number of HUNG) assert.equal(told.get(number)?.status, 'CREATING', 'it hangs still');
    await eventually('why', async () =>
      HUNG.every(number => /does not answer/.test(told.get(number)?.status_detail ?? '')),
    );
    for (const number of HUNG) await runs(number);
    const containers = await dockerd.docker.listContainers({ all: true });
    assert.equal(containers.length, HUNG.length + 1);
  });

  it('an image that is not found out about holds up nobody who needs another one', async () => {
    proxy.swallow(/^GET \S*\/images\/other:1\/json/);
    for (const number of [5, 6, 7, 8]) await deploy(number, 'other:1');
    await eventually('one question for all', async () => proxy.swallowed > HUNG.length);
    await deploy(9);
    await runs(9);
    assert.equal(told.get(5)?.status, 'CREATING');
    proxy.swallow(/^\b$/);
    for (const number of [5, 6, 7, 8]) await runs(number);
  });

  it('a registry that says nothing holds up nobody who needs another image', async () => {
    proxy.swallow(/^POST \S*\/images\/create/);
    for (const number of [10, 11, 12, 13]) await deploy(number, 'localhost:1/nowhere:1');
    await eventually('a pull', async () => told.get(13)?.status_detail.startsWith('pulling') ?? false);
    await deploy(14);
    await runs(14);
    assert.equal(told.get(10)?.status, 'CREATING');
    const { service_id, job_name } = makeDeploy();
    for (const instance_number of [10, 11, 12, 13])
      await instances.delete({
        ...{ service_id, job_name, instance_number, virtualization: 'docker', request_id: '' },
      });
    await eventually('nobody waits for it', async () => told.get(13)?.status === 'UNDEPLOYED');
  });
});
