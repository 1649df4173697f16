/** A worker whose disk is full while it removes what it ran, is killed, and comes back without its cluster. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openSqlite } from '@hedgerow/common';
import { smallDisk, withoutSmallDisk } from '@hedgerow/common/testing';
import { DOWN } from '@hedgerow/protos';
import { DesiredStore } from './instances/desired.ts';
import { makeDeploy } from './testing/deploys.ts';
import { startDockerd, withoutDocker } from './testing/dockerd.ts';
import { eventually } from './testing/eventually.ts';
import { makeImage } from './testing/images.ts';
import { startTestCluster, type TestCluster } from './testing/test-cluster.ts';
import { report, startTestWorker } from './testing/worker.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

describe('a removal that a full disk does not take', { skip: withoutDocker() || withoutSmallDisk() }, () => {
  it('outlives the kill of an engine that is cut off afterwards', async t => {
    const disk = smallDisk('2m');
    t.after(() => disk.remove());
    const dockerd = await startDockerd();
    t.after(() => dockerd.stop());
    await makeImage(dockerd.docker, { name: 'test:1', changes: ['CMD ["sleep", "1000"]'] });
    const cluster = await startTestCluster();
    const engine = startEngine(cluster, { data: disk.path, docker: dockerd.socket });
    t.after(() => engine.kill('SIGKILL'));
    const containers = async () => (await dockerd.docker.listContainers({ all: true })).length;

    // with a value that makes its row longer than a page of the store
    const environment = [`LARGE=${'x'.repeat(16 * 1024)}`];
    await cluster.registrations.take(() => true, 'registration');
    await cluster.up.take(({ leaf, json }) => leaf === 'presence' && json().online === true, 'presence');
    for (const instance_number of [0, 1]) {
      await cluster.send(DOWN.deploy, makeDeploy({ instance_number, environment }));
      await report(cluster, 'RUNNING', instance_number);
    }
    disk.fill();
    const { job_name, service_id, virtualization } = makeDeploy();
    await cluster.send(DOWN.delete, { job_name, service_id, virtualization, instance_number: 0 });
    await report(cluster, 'UNDEPLOYED', 0);
    engine.kill('SIGKILL');
    await once(engine, 'exit');
    await cluster.stop();
    assert.deepEqual(await inStore(disk.path), [0, 1], 'the store itself did not take it');

    const worker = await startTestWorker(cluster, dockerd.socket, null, {
      data: disk.path,
      connected: false,
    });
    t.after(() => worker.stop());
    assert.equal(await containers(), 1, 'what it has to run was looked through');
    disk.clear();
    await eventually('the store has it', async () => (await inStore(disk.path)).join() === '1');
  });
});

function startEngine(
  { port }: TestCluster,
  { data, docker }: { data: string; docker: string },
): ChildProcess {
  const flags = ['-a', '127.0.0.1', '-p', String(port), '--data', data, '--docker', docker];
  const quiet = ['--stop-grace', '1', '--status-listen', ''];
  return spawn(process.execPath, [MAIN, ...flags, ...quiet], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function inStore(data: string): Promise<number[]> {
  const store = openSqlite({ file: join(data, 'node.sqlite'), durability: 'normal' });
  const all = await new DesiredStore(store).all();
  await store.close();
  return all.map(({ deploy }) => deploy.instance_number);
}
