/** The life of an instance on a real Docker Engine, which is killed, stopped and filled up. */
import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type DeployPayload, DOWN, type JobPayload, type Move } from '@hedgerow/protos';
import { makeCheck } from '../testing/checks.ts';
import { makeDeploy } from '../testing/deploys.ts';
import { startDockerd, type TestDockerd, withoutDocker } from '../testing/dockerd.ts';
import { eventually } from '../testing/eventually.ts';
import { makeImage } from '../testing/images.ts';
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import { WiringNet } from '../testing/wiring-net.ts';
import { forgetBoot, removeData, report, startTestWorker, type TestWorker } from '../testing/worker.ts';

/** Ends with 0 when it is asked to, as many servers do. */
const GRACEFUL = `#!/bin/sh
trap 'exit 0' TERM
while :; do sleep 0.05; done
`;
const HEALTHY = '/tmp/healthy';
/** ms; checks of a second, once a second, of which one may fail */
const FROZEN = 5000;
const exec = makeCheck({
  type: 'exec',
  port: 0,
  command: ['test', '-e', HEALTHY],
  start_period: 60,
  retries: 2,
});

describe('the life of an instance', { skip: withoutDocker() }, () => {
  let dockerd: TestDockerd;
  let cluster: TestCluster;
  let net: WiringNet;
  let worker: TestWorker;

  before(async () => {
    dockerd = await startDockerd({ disk: 96 });
    const scripts = { 'bin/graceful': GRACEFUL };
    const { docker } = dockerd;
    await makeImage(docker, { name: 'test:1', scripts, changes: ['CMD ["sleep", "1000"]'] });
    await makeImage(docker, { name: 'volume:1', changes: ['CMD ["sleep", "1000"]', 'VOLUME /data'] });
    cluster = await startTestCluster();
    net = new WiringNet();
    worker = await startTestWorker(cluster, dockerd.socket, net, { stopGrace: 1 });
  });

  after(async () => {
    await worker?.stop();
    await cluster?.stop();
    await dockerd?.stop();
    if (worker) removeData(worker);
  });

  const deploy = (change: Partial<DeployPayload>) => cluster.send(DOWN.deploy, makeDeploy(change));
  const remove = async (number = 0) => {
    const { job_name, service_id, virtualization } = makeDeploy();
    await cluster.send(DOWN.delete, { job_name, service_id, virtualization, instance_number: number });
    return report(cluster, 'UNDEPLOYED', number);
  };
  const mine = () => {
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
  const inContainer = async (...Cmd: string[]) => {
    const run = await dockerd.docker.getContainer((await onlyContainer()).Id).exec({ Cmd });
    await run.start({ Detach: true });
  };
  /** Of an instance, in the order in which they were told. */
  const movesSince = (from: number, number = 0): Move[] =>
    cluster.up.all
      .slice(from)
      .filter(({ leaf, json }) => leaf === 'job' && json().instance === number)
      .flatMap(({ json }) => (json() as unknown as JobPayload).moves ?? []);
  const statuses = (moves: readonly Move[]) => moves.map(({ status }) => status);

  describe('restart policy', () => {
    it('is given up after its attempts, for good, and begins anew when it is placed anew', async () => {
      const cmd = ['sh', '-c', 'echo no luck; exit 3'];
      const order = makeDeploy({ cmd, restart: { policy: 'on-failure', attempts: 1 } });
      const from = cluster.up.all.length;
      await cluster.send(DOWN.deploy, order);
      const failed = await report(cluster, 'FAILED');
      assert.deepEqual(
        [failed.status_detail, failed.logs],
        ['exited with code 3; restart at once', 'no luck'],
      );
      const dead = await report(cluster, 'DEAD');
      const why = 'exited with code 3; given up after 2 tries (restart.attempts is 1)';
      assert.deepEqual([dead.status_detail, dead.logs, dead.namespace_ip], [why, 'no luck', '']);
      const lives = ['CREATING', 'RUNNING', 'FAILED', 'CREATING', 'RUNNING', 'DEAD'];
      assert.deepEqual(statuses(movesSince(from)), lives, 'each move is told once');
      assert.ok(
        movesSince(from).every(({ tier, worker_id }) => tier === 'worker' && worker_id === worker.id),
      );

      worker = await worker.restart();
      assert.deepEqual(await mine(), []);
      assert.equal(net.attached.size, 0, 'its address is free');
      await cluster.send(DOWN.deploy, order);
      const again = await report(cluster, 'DEAD');
      assert.deepEqual([again.status_detail, again.logs], [why, 'no luck']);
      await cluster.send(DOWN.deploy, { ...order, epoch: 2 });
      assert.equal((await report(cluster, 'FAILED')).epoch, 2);
      await remove();
    });

    it('failed starts are given up, too', async () => {
      const restart = { policy: 'always', attempts: 1 };
      await deploy({ image: 'localhost:1/nowhere:1', restart });
      assert.match(
        (await report(cluster, 'DEAD')).status_detail,
        /could not be pulled: .*; given up after 2 tries/,
      );
      await remove();
    });

    for (const [policy, code, status, detail] of [
      ['on-failure', 0, 'COMPLETED', 'exited with code 0'],
      ['never', 4, 'DEAD', 'exited with code 4; not started again (restart.policy is never)'],
    ] as const)
      it(`${policy}, ended with ${code}: ${status}`, async () => {
        await deploy({ cmd: ['sh', '-c', `exit ${code}`], restart: { policy, attempts: 0 } });
        assert.equal((await report(cluster, status)).status_detail, detail);
        await remove();
        assert.deepEqual(await mine(), []);
      });
  });

  describe('health check', () => {
    it('an instance is CREATED until it passes, and without an address', async () => {
      await deploy({ health_check: exec });
      const created = await report(cluster, 'CREATED');
      assert.deepEqual(
        [created.status_detail, created.namespace_ip],
        ['waiting for its health check to pass', ''],
      );
      worker = await worker.restart();
      const sync = await cluster.up.take(
        ({ leaf, json }) => leaf === 'presence' && json().online === true,
        'hello',
      );
      assert.ok(sync);
      await inContainer('touch', HEALTHY);
      assert.notEqual((await report(cluster, 'RUNNING')).namespace_ip, '');
    });

    it('one that serves goes on serving through a restart of the engine', async () => {
      const before = await onlyContainer();
      const from = cluster.up.all.length;
      worker = await worker.restart();
      const { Id, State } = await onlyContainer();
      assert.deepEqual([Id, State.Pid], [before.Id, before.State.Pid]);
      assert.deepEqual(statuses(movesSince(from)), [], 'nothing has happened to it');
    });

    it('one that fails leaves the service IP, then is stopped, and comes back', async () => {
      const before = await onlyContainer();
      await inContainer('rm', HEALTHY);
      const failed = await report(cluster, 'FAILED');
      assert.equal(failed.status_detail, 'unhealthy: test exited with code 1; restart at once');
      assert.equal(failed.namespace_ip, '');
      assert.equal((await onlyContainer()).State.Running, true, 'it runs while flows end');
      await report(cluster, 'CREATED');
      assert.notEqual((await onlyContainer()).Id, before.Id);
      await inContainer('touch', HEALTHY);
      await report(cluster, 'RUNNING');
      await remove();
    });

    it('a Docker Engine that is frozen for longer than all its checks may take says nothing about it', async () => {
      await deploy({ health_check: { ...exec, retries: 1, command: ['true'] } });
      await report(cluster, 'RUNNING');
      const { Id } = await onlyContainer();
      const from = cluster.up.all.length;
      const thaw = dockerd.freeze();
      await new Promise(resolve => setTimeout(resolve, FROZEN));
      thaw();
      assert.equal((await onlyContainer()).Id, Id);
      await worker.stop();
      worker = await worker.restart();
      assert.deepEqual(statuses(movesSince(from)), [], 'nothing has happened to it');
      await remove();
    });

    it('what a check that takes too long has started is killed with it', async () => {
      await deploy({ health_check: { ...exec, command: ['sh', '-c', 'sleep 777$$; true'] } });
      const seen = new Set<string>();
      const sleeping = () => programs('sleep\x00777').filter(line => line.startsWith('sleep'));
      await eventually('three checks', async () => {
        for (const line of sleeping()) seen.add(line);
        return seen.size === 3;
      });
      assert.equal(sleeping().length, 1);
      await remove();
    });

    it('a check that takes too long is killed', async () => {
      const slow = { ...exec, command: ['sleep', '777'], start_period: 0, retries: 1 };
      await deploy({ health_check: slow, restart: { policy: 'never', attempts: 0 } });
      await report(cluster, 'CREATED');
      const dead = await report(cluster, 'DEAD');
      assert.equal(
        dead.status_detail,
        'unhealthy: no answer in 1 s; not started again (restart.policy is never)',
      );
      await eventually('its end', async () => programs('sleep\x00777').length === 0);
      await remove();
    });

    it('over the network is refused by a worker that has none', async () => {
      const bare = await startTestWorker(cluster, dockerd.socket, null, { stopGrace: 1 });
      await deploy({ health_check: makeCheck({ type: 'tcp' }) });
      assert.match(
        (await report(cluster, 'FAILED')).status_detail,
        /^health_check\.type is tcp, and containers/,
      );
      await remove();
      await bare.stop();
      removeData(bare);
      worker = await worker.restart();
    });
  });

  it('volumes go with their container', async () => {
    await deploy({ image: 'volume:1' });
    await report(cluster, 'RUNNING');
    assert.equal((await dockerd.docker.listVolumes()).Volumes.length, 1);
    await remove();
    assert.deepEqual((await dockerd.docker.listVolumes()).Volumes ?? [], []);
  });

  it('what carries its label and belongs to nobody goes, a second container of an instance, too', async () => {
    await deploy({});
    await report(cluster, 'RUNNING');
    const { Id, Config } = await onlyContainer();
    const others = [Config.Labels, { ...Config.Labels, 'hedgerow.job': 'left.over.web.test' }];
    for (const [at, Labels] of others.entries())
      await dockerd.docker.createContainer({ name: `other-${at}`, Image: 'test:1', Labels });
    const holds = join(worker.data, 'hold');
    writeFileSync(join(holds, 'left-over'), '');
    worker = await worker.restart();
    assert.equal((await onlyContainer()).Id, Id);
    assert.deepEqual(readdirSync(holds).filter(name => !name.startsWith('.')).length, 1);
  });

  it('a full disk is said, nothing half-made stays, and it starts when there is room', async () => {
    const full = join(dockerd.data, 'full');
    fill(full);
    await deploy({ instance_number: 1 });
    assert.match((await report(cluster, 'FAILED', 1)).status_detail, /no space left on device.*; retry/);
    assert.equal((await mine()).length, 1);
    rmSync(full);
    await report(cluster, 'RUNNING', 1);
    await remove(1);
  });

  it('what happened while the cluster was away is told when it is back, once', async () => {
    await cluster.deafen();
    const { Id } = await onlyContainer();
    await dockerd.docker.getContainer(Id).kill();
    await eventually('another container', async () => {
      const [now] = await mine();
      return now?.State === 'running' && now.Id !== Id;
    });
    await eventually('its network', async () => net.attached.size === 1);
    const from = cluster.up.all.length;
    await cluster.listen();
    await cluster.up.take(({ leaf, json }) => leaf === 'job' && json().moves !== undefined, 'moves');
    assert.deepEqual(statuses(movesSince(from)), ['FAILED', 'CREATING', 'RUNNING']);
  });

  describe('what a Docker Engine takes along is started again, once, and is no crash', () => {
    const running = async () => {
      const containers = await mine();
      return containers.filter(({ State }) => State === 'running').length;
    };

    before(async () => {
      const cmd = ['graceful'];
      await remove();
      await deploy({ cmd, restart: { policy: 'on-failure', attempts: 1 } });
      await report(cluster, 'RUNNING');
      await deploy({ cmd, instance_number: 1, restart: { policy: 'never', attempts: 0 } });
      await report(cluster, 'RUNNING', 1);
    });

    for (const signal of ['SIGTERM', 'SIGKILL'] as const)
      it(`by ${signal}`, async () => {
        const ids = (await mine()).map(({ Id }) => Id);
        const from = cluster.up.all.length;
        await dockerd.halt(signal);
        await dockerd.start();
        await eventually('both run', async () => {
          const now = await mine();
          return (await running()) === 2 && now.every(({ Id }) => !ids.includes(Id));
        });
        await eventually(
          'both are told',
          async () =>
            movesSince(from, 1).at(-1)?.status === 'RUNNING' &&
            movesSince(from, 0).at(-1)?.status === 'RUNNING',
        );
        assert.equal((await mine()).length, 2);
        const inits = () => programs('graceful').filter(line => line.startsWith('/sbin/docker-init')).length;
        await eventually('each has one process', () => inits() === 2);
        for (const number of [0, 1])
          assert.deepEqual(statuses(movesSince(from, number)), ['CREATING', 'RUNNING']);
      });

    for (const signal of ['SIGTERM', 'SIGKILL'] as const)
      it(`by ${signal}, while no Node Engine saw it`, async () => {
        const ids = (await mine()).map(({ Id }) => Id);
        await worker.stop();
        await dockerd.halt(signal);
        await dockerd.start();
        const from = cluster.up.all.length;
        worker = await worker.restart();
        await eventually('both run', async () => (await running()) === 2);
        const now = await mine();
        assert.ok(now.length === 2 && now.every(({ Id }) => !ids.includes(Id)));
        for (const number of [0, 1])
          assert.ok(!statuses(movesSince(from, number)).some(status => /FAILED|DEAD|COMPL/.test(status)));
      });

    it('by the machine', async () => {
      await worker.stop();
      for (const { Id } of await mine()) await dockerd.docker.getContainer(Id).stop();
      await forgetBoot(worker);
      worker = await worker.restart();
      await eventually('both run', async () => (await running()) === 2);
      await worker.stop();
      for (const { Id } of await mine()) await dockerd.docker.getContainer(Id).stop();
      worker = await worker.restart();
      // ended while only the engine was away: their own ends, with code 0
      await eventually('nothing is there', async () => (await mine()).length === 0);
    });
  });
});

/** Fills the disk to the last byte. */
function fill(path: string): void {
  const block = Buffer.alloc(64 * 1024);
  try {
    for (;;) appendFileSync(path, block);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
}

/** Command lines of the machine's processes that have this in them. */
function programs(part: string): string[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      } catch {
        return '';
      }
    })
    .filter(line => line.includes(part));
}
