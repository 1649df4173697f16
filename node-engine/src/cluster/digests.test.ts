/** After a cut nothing is told again that both sides know. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DOWN, digestTable, hashInstances, type JobPayload, type TableEntry } from '@hedgerow/protos';
import { makeDeploy } from '../testing/deploys.ts';
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import { WiringNet } from '../testing/wiring-net.ts';
import { removeData, report, startTestWorker, type TestWorker } from '../testing/worker.ts';

const MANY = 20;

function tableOf(count: number): TableEntry[] {
  return Array.from({ length: count }, (_, number) => ({
    job_name: `app.test.s${number}.test`,
    application_id: 'b'.repeat(24),
    service_ip: `10.30.1.${number}`,
    removed: false,
    instances: [
      {
        instance_number: 0,
        instance_ip: `10.30.2.${number}`,
        namespace_ip: '10.18.0.66',
        host_ip: '192.0.2.7',
        host_port: 50103,
        worker_id: 'c'.repeat(24),
        worker_subnet: '10.18.0.64',
        cluster_id: 'd'.repeat(24),
      },
    ],
  }));
}

describe('a reconnect', () => {
  let cluster: TestCluster;
  let worker: TestWorker;
  before(async () => {
    cluster = await startTestCluster();
    worker = await startTestWorker(cluster, '/nowhere/docker.sock', new WiringNet(), { beat: 60_000 });
  });
  after(async () => {
    await worker.stop();
    await cluster.stop();
    removeData(worker);
  });

  const next = (leaf: string) => cluster.up.take(message => message.leaf === leaf, leaf, 5000);
  const hello = () =>
    cluster.up.take(({ leaf, json }) => leaf === 'presence' && json().online === true, 'hello', 5000);
  const firstHello = () => next('sync');

  it('costs a fiftieth of a full state when nothing has changed', async () => {
    await firstHello();
    cluster.asks = false;
    const table = tableOf(MANY);
    cluster.bytes = 0;
    await cluster.send(DOWN.table, { entries: table });
    const deploys = Array.from({ length: MANY }, (_, instance_number) => makeDeploy({ instance_number }));
    for (const deploy of deploys) {
      await cluster.send(DOWN.deploy, deploy);
      await report(cluster, 'CREATING', deploy.instance_number);
    }
    await cluster.send(DOWN.sync, {});
    const full = (await next('sync')).payload.length + JSON.stringify({ entries: table }).length;

    const seen = cluster.up.all.length;
    cluster.bytes = 0;
    cluster.cut();
    const { instances, table: told } = (await hello()).json();
    const creating = deploys.map(deploy => ({ ...deploy, status: 'CREATING' }));
    assert.equal(instances, hashInstances(creating));
    assert.equal(told, digestTable(table));
    // what comes after the presence has come before the answer to this
    await cluster.send(DOWN.probe, {}, 0);
    await next('beat');
    const leaves = cluster.up.all.slice(seen).map(({ leaf }) => leaf);
    // the broken line's Last Will, the new one's presence, and the answer to the probe
    assert.deepEqual(leaves, ['presence', 'presence', 'beat']);
    assert.ok(cluster.bytes * 50 < full, `${cluster.bytes} of ${full} bytes`);
  });

  it('tells what happened to an instance while nobody could be told', async () => {
    await cluster.deafen();
    await cluster.send(DOWN.deploy, makeDeploy({ instance_number: MANY }));
    await cluster.listen();
    await hello();
    const told = (await report(cluster, 'CREATING', MANY)) as JobPayload;
    assert.equal(told.generation, 1);
  });

  it('knows the table after a restart of the engine, and says all of itself once more', async () => {
    const seen = cluster.up.all.length;
    worker = await worker.restart();
    const { instances, table } = (await hello()).json();
    assert.equal(table, digestTable(tableOf(MANY)));
    assert.notEqual(instances, hashInstances([]));
    await next('information');
    assert.ok(!cluster.up.all.slice(seen).some(({ leaf }) => leaf === 'sync'), 'nobody asked');
  });
});
