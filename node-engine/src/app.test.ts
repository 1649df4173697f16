/** A whole Node Engine on a real Docker Engine, against a broker and a registration that are real too. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openSqlite, silentLogger, systemClock } from '@hedgerow/common';
import { DOWN } from '@hedgerow/protos';
import { register, registrationIn } from './cluster/registration.ts';
import { removeAll } from './remove-all.ts';
import { makeDeploy } from './testing/deploys.ts';
import { startDockerd, type TestDockerd, withoutDocker } from './testing/dockerd.ts';
import { eventually } from './testing/eventually.ts';
import { makeImage } from './testing/images.ts';
import { startTestCluster, type TestCluster, type UpMessage } from './testing/test-cluster.ts';
import { WiringNet } from './testing/wiring-net.ts';
import { removeData, report, startTestWorker, type TestWorker } from './testing/worker.ts';

describe('node engine on a Docker Engine', { skip: withoutDocker() }, () => {
  let dockerd: TestDockerd;
  let cluster: TestCluster;
  let net: WiringNet;
  let worker: TestWorker;

  before(async () => {
    dockerd = await startDockerd();
    await makeImage(dockerd.docker, { name: 'test:1', changes: ['CMD ["sleep", "1000"]'] });
    cluster = await startTestCluster();
    net = new WiringNet();
    worker = await startTestWorker(cluster, dockerd.socket, net);
  });

  after(async () => {
    await worker?.stop();
    await cluster?.stop();
    await dockerd?.stop();
    if (worker) removeData(worker);
  });

  const mine = async () => {
    const filters = { label: [`hedgerow.worker=${worker.id}`] };
    return dockerd.docker.listContainers({ all: true, filters });
  };
  const onlyContainer = async () => {
    // one that has ended is removed beside the start of the next
    await eventually('one container', async () => (await mine()).length === 1);
    const [container] = await mine();
    assert.ok(container);
    return dockerd.docker.getContainer(container.Id).inspect();
  };
  const remove = async (number = 0) => {
    const { job_name, service_id, virtualization } = makeDeploy();
    await cluster.send(DOWN.delete, { job_name, service_id, virtualization, instance_number: number });
    return report(cluster, 'UNDEPLOYED', number);
  };

  it('registers, says hello, runs an instance within its limits, and leaves nothing of it', async () => {
    const registration = await cluster.registrations.take(() => true, 'registration');
    assert.equal(registration.host, 'w1');
    assert.equal(registration.public_address, '127.0.0.1');
    assert.equal(net.registrations[0]?.client_id, worker.id);

    await cluster.send(DOWN.deploy, makeDeploy({ memory: 48, vcpus: 1, environment: ['A=b'] }));
    await report(cluster, 'CREATING');
    const running = await report(cluster, 'RUNNING');
    assert.equal(running.namespace_ip, net.attached.get('app.test.web.test/0')?.nsAddress);
    assert.equal(running.publicip, '127.0.0.1');

    const { Id, Name, HostConfig, Config } = await onlyContainer();
    assert.equal(Name, `/hedgerow-${worker.id.slice(-8)}-app.test.web.test-0`);
    assert.deepEqual(HostConfig.LogConfig, {
      Type: 'json-file',
      Config: { 'max-file': '3', 'max-size': '10m' },
    });
    assert.ok(Config.Env.includes('A=b'));
    assert.deepEqual(cgroupLimits(Id), { memory: 48 * 1024 * 1024, cores: 1 });

    assert.equal((await remove()).status_detail, 'stopped and removed');
    assert.deepEqual(await mine(), []);
    assert.deepEqual(holdsOf(worker), []);
    assert.equal(net.attached.size, 0);
  });

  it('answers the same command twice with the status, and does nothing; an older one is ignored', async () => {
    await cluster.send(DOWN.deploy, makeDeploy({ generation: 2 }));
    await report(cluster, 'RUNNING');
    const first = await onlyContainer();
    await cluster.send(DOWN.deploy, makeDeploy({ generation: 1, epoch: 9 }));
    await cluster.send(DOWN.deploy, makeDeploy({ generation: 2 }));
    await report(cluster, 'RUNNING');
    assert.equal((await onlyContainer()).Id, first.Id);
  });

  it('replaces a container of an older generation', async () => {
    const before = await onlyContainer();
    await cluster.send(DOWN.deploy, makeDeploy({ generation: 3, environment: ['GENERATION=3'] }));
    assert.equal((await report(cluster, 'RUNNING')).generation, 3);
    const after = await onlyContainer();
    assert.notEqual(after.Id, before.Id);
    assert.ok(after.Config.Env.includes('GENERATION=3'));
  });

  it('leaves containers running when it stops, and adopts them when it comes back', async () => {
    const before = await onlyContainer();
    worker = await worker.restart();
    const { job_name } = makeDeploy();
    const sync = await cluster.up.take(({ leaf }) => leaf === 'sync', 'sync');
    const [instance] = sync.json().instances as Record<string, unknown>[];
    assert.equal(instance?.sname, job_name);
    assert.equal(instance?.status, 'RUNNING');
    assert.equal(instance?.namespace_ip, net.attached.get(`${job_name}/0`)?.nsAddress);
    const after = await onlyContainer();
    assert.deepEqual([after.Id, after.State.Pid], [before.Id, before.State.Pid]);
  });

  it('starts a killed container again at once, under the same address', async () => {
    const address = net.attached.get('app.test.web.test/0')?.nsAddress;
    const before = await onlyContainer();
    await dockerd.docker.getContainer(before.Id).kill();
    const dead = await report(cluster, 'FAILED');
    assert.equal(dead.status_detail, 'was ended by SIGKILL (code 137); restart at once');
    assert.equal(dead.namespace_ip, '');
    assert.equal((await report(cluster, 'RUNNING')).namespace_ip, address);
    assert.notEqual((await onlyContainer()).Id, before.Id);
  });

  it('wires a container again that somebody restarted by hand', async () => {
    const { Id } = await onlyContainer();
    const attaches = net.attaches;
    await dockerd.docker.getContainer(Id).restart({ t: 0 });
    await report(cluster, 'RUNNING');
    assert.ok(net.attaches > attaches);
    const [container] = await mine();
    assert.equal(container?.State, 'running');
    await remove();
  });

  it('runs a one-shot once: COMPLETED, also after a restart of the engine', async () => {
    const deploy = makeDeploy({ one_shot: true, cmd: ['echo', 'done'] });
    await cluster.send(DOWN.deploy, deploy);
    const completed = await report(cluster, 'COMPLETED');
    assert.deepEqual([completed.status_detail, completed.logs], ['exited with code 0', 'done']);
    worker = await worker.restart();
    await cluster.send(DOWN.deploy, deploy);
    await report(cluster, 'COMPLETED');
    assert.deepEqual(await mine(), []);
    await remove();
  });

  it('tells how a failing one-shot ended, with its last lines, and tries again later', async () => {
    await cluster.send(
      DOWN.deploy,
      makeDeploy({ one_shot: true, cmd: ['sh', '-c', 'echo no luck; exit 3'] }),
    );
    const details: string[] = [];
    for (let turn = 0; turn < 2; turn++) {
      const dead = await report(cluster, 'FAILED');
      assert.equal(dead.logs, 'no luck');
      details.push(dead.status_detail);
    }
    assert.equal(details[0], 'exited with code 3; restart at once');
    assert.match(
      details[1] ?? '',
      /^exited with code 3; restart in 1 s, at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, after 2 tries$/,
    );
    await remove();
  });

  it('says that the memory limit was too low', async () => {
    await cluster.send(DOWN.deploy, makeDeploy({ memory: 16, cmd: ['tail', '/dev/zero'] }));
    const dead = await report(cluster, 'FAILED');
    assert.equal(dead.status_detail, 'ran out of memory (limit 16 MiB); restart at once');
    await remove();
  });

  it('says what it offers when it is asked for something else', async () => {
    await cluster.send(DOWN.deploy, makeDeploy({ virtualization: 'unikernel' }));
    const failed = await report(cluster, 'FAILED');
    assert.equal(failed.status_detail, 'this worker offers docker, container, not unikernel; retry at once');
    await remove();
  });

  it('says what is wrong when an image cannot be had, and takes a delete while it waits', async () => {
    await cluster.send(DOWN.deploy, makeDeploy({ image: 'localhost:1/nowhere:1' }));
    const failed = await report(cluster, 'FAILED');
    assert.match(
      failed.status_detail,
      /^image localhost:1\/nowhere:1 is not on this worker and could not be pulled: .*; retry at once$/,
    );
    assert.match((await report(cluster, 'FAILED')).status_detail, /; retry in 1 s, at .*Z, after 2 tries$/);
    await remove();
  });

  it('leaves nothing of a container whose network cannot be attached, and tries again', async () => {
    net.broken = new Error('no more addresses');
    await cluster.send(DOWN.deploy, makeDeploy());
    const failed = await report(cluster, 'FAILED');
    assert.equal(failed.status_detail, 'the network could not be attached: no more addresses; retry at once');
    await report(cluster, 'FAILED');
    assert.deepEqual(await mine(), []);
    assert.deepEqual(holdsOf(worker), []);
    net.broken = null;
    await report(cluster, 'RUNNING');
    await remove();
  });

  it('answers a delete of what it does not know', async () => {
    assert.equal((await remove(7)).status_detail, 'not on this worker');
  });

  it('removes containers of its own that nobody wants, and touches no other worker’s', async () => {
    const labels = (id: string) => ({
      'hedgerow.worker': id,
      'hedgerow.service': 'c'.repeat(24),
      'hedgerow.job': 'left.over.web.test',
      'hedgerow.instance': '0',
      'hedgerow.generation': '1',
      'hedgerow.epoch': '1',
    });
    const own = await dockerd.docker.createContainer({
      name: `hedgerow-${worker.id.slice(-8)}-left.over.web.test-0`,
      Image: 'test:1',
      Labels: labels(worker.id),
    });
    const other = await dockerd.docker.createContainer({ Image: 'test:1', Labels: labels('f'.repeat(24)) });
    worker = await worker.restart();
    assert.deepEqual(await mine(), []);
    await assert.rejects(own.inspect(), /no such container/i);
    assert.equal((await other.inspect()).State.Status, 'created');
    await other.remove();
  });

  it('waits for a Docker Engine that is away, and starts what ended with it', async () => {
    await cluster.send(DOWN.deploy, makeDeploy());
    await report(cluster, 'RUNNING');
    await dockerd.halt();
    await cluster.send(DOWN.deploy, makeDeploy({ instance_number: 1 }));
    assert.match((await report(cluster, 'CREATING', 1)).status_detail, /does not answer|preparing/);
    await dockerd.start();
    const isRunning = ({ leaf, json }: UpMessage) => leaf === 'job' && json().status === 'RUNNING';
    const both = [await cluster.up.take(isRunning, 'RUNNING'), await cluster.up.take(isRunning, 'RUNNING')];
    assert.deepEqual(both.map(message => message.json().instance).sort(), [0, 1]);
    assert.equal((await mine()).length, 2);
  });

  it('removes what ran under a former id, though it died as soon as it had another one', async () => {
    const { data, id: former } = worker;
    await worker.stop();
    cluster.forget();
    await diesHavingRegistered(data, cluster);
    await cluster.up.take(({ leaf, json }) => leaf === 'presence' && json().online === false, 'farewell');
    worker = await startTestWorker(cluster, dockerd.socket, net, { data });
    assert.notEqual(worker.id, former);
    const sync = await cluster.up.take(({ leaf }) => leaf === 'sync', 'sync');
    assert.deepEqual(sync.json().instances, []);
    const filters = { label: [`hedgerow.worker=${former}`] };
    const left = () => dockerd.docker.listContainers({ all: true, filters });
    for (let wait = 0; (await left()).length > 0; wait += 50) {
      assert.ok(wait < 10_000, 'containers of the former id are still there');
      await new Promise(resolve => setTimeout(resolve, 50));
    }
    for (const instance_number of [0, 1]) {
      await cluster.send(DOWN.deploy, makeDeploy({ instance_number }));
      await report(cluster, 'RUNNING', instance_number);
    }
  });

  it('takes itself down with removeAll', async () => {
    await worker.stop();
    const { data, id } = worker;
    assert.equal(await removeAll({ data, docker: dockerd.socket }, { log: silentLogger }), 2);
    assert.deepEqual(await mine(), []);
    assert.equal(existsSync(join(data, 'hold')), false);
    worker = await startTestWorker(cluster, dockerd.socket, net, { data });
    assert.equal(worker.id, id);
    assert.deepEqual(await mine(), []);
  });
});

/** The last that an engine did before it died: the cluster gave it another id, and it stored it. */
async function diesHavingRegistered(data: string, cluster: TestCluster): Promise<void> {
  const store = openSqlite({ file: join(data, 'node.sqlite'), durability: 'normal' });
  const offer = { host: 'w1', token: '', vcpus: 1, memory: 512, architecture: 'amd64' };
  const place = { virtualization: ['docker'], public_address: '127.0.0.1', tunnel_port: 50103 };
  await register({
    store: registrationIn(store),
    clock: systemClock,
    log: silentLogger,
    describe: async () => ({ ...offer, ...place, overlay: true }),
    cluster: { host: '127.0.0.1', port: cluster.port },
  });
  await store.close();
}

function holdsOf({ data }: TestWorker): string[] {
  return readdirSync(join(data, 'hold')).filter(name => !name.startsWith('.'));
}

/** From the cgroup's own files, v1 or v2. */
function cgroupLimits(container: string): { memory: number; cores: number } {
  const read = (...paths: string[]) =>
    readFileSync(paths.find(path => existsSync(path)) ?? '', 'utf8').trim();
  const base = '/sys/fs/cgroup';
  const memory = read(
    `${base}/memory/docker/${container}/memory.limit_in_bytes`,
    `${base}/docker/${container}/memory.max`,
    `${base}/system.slice/docker-${container}.scope/memory.max`,
  );
  if (existsSync(`${base}/cpu/docker/${container}`)) {
    const [quota, period] = ['quota', 'period'].map(name =>
      read(`${base}/cpu/docker/${container}/cpu.cfs_${name}_us`),
    );
    return { memory: Number(memory), cores: Number(quota) / Number(period) };
  }
  const [quota, period] = read(
    `${base}/docker/${container}/cpu.max`,
    `${base}/system.slice/docker-${container}.scope/cpu.max`,
  ).split(' ');
  return { memory: Number(memory), cores: Number(quota) / Number(period) };
}
