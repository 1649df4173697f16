/** A worker that is switched off and on again while its cluster is out of reach: it goes on by itself, network included. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { get } from 'node:http';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { DOWN, httpNetManager, type TableEntry } from '@hedgerow/protos';
import { makeCheck } from './testing/checks.ts';
import { makeDeploy } from './testing/deploys.ts';
import { startDockerd, type TestDockerd } from './testing/dockerd.ts';
import { eventually } from './testing/eventually.ts';
import { makeImage } from './testing/images.ts';
import { loseNetwork, onOwnMachine, startNetManager } from './testing/namespace.ts';
import { startTestCluster, type TestCluster } from './testing/test-cluster.ts';
import { forgetBoot, removeData, report, startTestWorker, type TestWorker } from './testing/worker.ts';

const SERVER = makeDeploy({
  job_name: 'app.test.web.test',
  service_ip: '10.30.0.2',
  cmd: ['busybox', 'httpd', '-f', '-p', '80', '-h', '/etc'],
  health_check: makeCheck({ port: 80, path: '/passwd', interval: 1 }),
});
onOwnMachine(import.meta.url, () => {
  let dockerd: TestDockerd;
  let cluster: TestCluster;
  let worker: TestWorker;
  let manager: Awaited<ReturnType<typeof startNetManager>>;
  let socket: string;
  let address: string;

  const net = () => httpNetManager(`unix:${socket}`);
  const startManager = async () => {
    manager = await startNetManager(socket, join(dockerd.data, 'net'));
  };

  before(async () => {
    dockerd = await startDockerd({ disk: 96 });
    socket = join(dockerd.data, 'net.sock');
    await makeImage(dockerd.docker, { name: 'test:1', changes: ['CMD ["sleep", "1000"]'] });
    cluster = await startTestCluster();
    await startManager();
    worker = await startTestWorker(cluster, dockerd.socket, net(), { stopGrace: 1 });
  });

  after(async () => {
    await worker?.stop();
    await manager?.kill();
    await cluster?.stop();
    await dockerd?.stop();
    if (worker) removeData(worker);
  });

  const mine = () => dockerd.docker.listContainers({ all: true });
  const only = async () => {
    const [container, ...others] = await mine();
    assert.ok(container && others.length === 0, `one container, not ${others.length + 1}`);
    return container;
  };
  /** Does somebody answer at the service IP? */
  const answers = () =>
    new Promise<boolean>(resolve => {
      const sent = get(`http://${SERVER.service_ip}/passwd`, { agent: false, timeout: 1000 }, answer => {
        answer.resume();
        resolve(answer.statusCode === 200);
      });
      sent.on('timeout', () => sent.destroy(new Error('silent')));
      sent.on('error', () => resolve(false));
    });
  const tableOf = (namespace_ip: string): TableEntry => ({
    job_name: SERVER.job_name,
    application_id: SERVER.application_id,
    service_ip: SERVER.service_ip,
    removed: false,
    instances: [
      {
        ...{ instance_number: 0, instance_ip: SERVER.instance_ip, namespace_ip, worker_id: worker.id },
        ...{ host_ip: '127.0.0.1', host_port: 50103, worker_subnet: '10.18.0.0', cluster_id: 'c' },
      },
    ],
  });

  it('serves when its check over the network passes, not before', async () => {
    await cluster.send(DOWN.deploy, SERVER);
    await report(cluster, 'CREATED');
    ({ namespace_ip: address } = await report(cluster, 'RUNNING'));
    await cluster.send(DOWN.table, { entries: [tableOf(address)] });
    await eventually('an answer from the service IP', answers);
  });

  it('comes back alone after it was switched off, under the same addresses', async () => {
    const before = await only();
    await worker.stop();
    await manager.kill();
    await cluster.deafen();
    cluster.refuse = { status: 503, body: {} };
    await dockerd.docker.getContainer(before.Id).kill();
    loseNetwork();
    await forgetBoot(worker);

    await startManager();
    const given = { data: worker.data, connected: false, stopGrace: 1 };
    worker = await startTestWorker(cluster, dockerd.socket, net(), given);
    await eventually('an answer from the service IP', answers);
    assert.notEqual((await only()).Id, before.Id);
    const { attachments } = await net().status();
    assert.equal(attachments.find(a => a.serviceName === SERVER.job_name)?.nsAddress, address);
  });

  it('and nothing restarts when the cluster is back', async () => {
    const before = await only();
    cluster.refuse = undefined;
    await cluster.listen();
    const told = await report(cluster, 'RUNNING');
    assert.deepEqual(
      told.moves?.map(({ status }) => status),
      ['CREATING', 'CREATED', 'RUNNING'],
    );
    assert.ok(await answers());
    const after = await only();
    assert.deepEqual([after.Id, after.State], [before.Id, 'running']);
  });

  it('one that fails its check is asked nothing any more, also by an engine that has begun without its cluster', async () => {
    await cluster.send(DOWN.table, { entries: [tableOf(address)] });
    await eventually('the table at the Net Manager', async () => (await net().table()).length === 1);
    await worker.stop();
    await cluster.deafen();
    const given = { data: worker.data, connected: false, stopGrace: 1 };
    worker = await startTestWorker(cluster, dockerd.socket, net(), given);
    const { Id } = await only();
    const container = dockerd.docker.getContainer(Id);
    const run = await container.exec({ Cmd: ['rm', '/etc/passwd'] });
    await run.start({ Detach: true });
    const isOut = () =>
      !execFileSync('nft', ['list', 'map', 'ip', 'hedgerow', 'ep1'], { encoding: 'utf8' }).includes(address);
    await eventually('it is out of the service IP', isOut);
    assert.equal((await container.inspect()).State.Running, true, 'it runs while flows end');
    await eventually('an answer of another one', async () => (await answers()) && (await only()).Id !== Id);
  });
});
