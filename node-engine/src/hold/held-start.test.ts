/** The network is there before the first instruction, and nothing else about the program is different. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openSqlite, silentLogger, systemClock } from '@hedgerow/common';
import { type DeployPayload, DOWN } from '@hedgerow/protos';
import Docker from 'dockerode';
import { DesiredStore } from '../instances/desired.ts';
import { lastText } from '../logs/last-text.ts';
import { DockerRuntime } from '../runtimes/docker/docker-runtime.ts';
import { makeDeploy } from '../testing/deploys.ts';
import { startDockerd, type TestDockerd, withoutDocker } from '../testing/dockerd.ts';
import { makeImage } from '../testing/images.ts';
import { startTestCluster, type TestCluster } from '../testing/test-cluster.ts';
import { WiringNet } from '../testing/wiring-net.ts';
import { removeData, startTestWorker, type TestWorker } from '../testing/worker.ts';
import { Holds } from './holds.ts';

/** Ends with code 9 unless its very first look finds the link. */
const FIRST_LOOK = '#!/bin/sh\nip -o -4 addr show dev eth0 2>&1 || exit 9\nexec sleep 1000\n';
const TIMES = 10;

describe('held start', { skip: withoutDocker() }, () => {
  let dockerd: TestDockerd;
  let cluster: TestCluster;
  let net: WiringNet;
  let worker: TestWorker;

  before(async () => {
    dockerd = await startDockerd();
    const scripts = {
      'usr/bin/first-look': FIRST_LOOK,
      'usr/bin/cat': '#!/bin/sh\necho the image has its own cat\n',
      'app/relative': '#!/bin/sh\necho "$0 in $(readlink /proc/self/cwd)"\n',
    };
    const odd = ['ENV discovery.type=single', 'ENV PWD=/elsewhere', 'ENV _hr=mine', 'ENV go=there'];
    const env = [...odd, 'ENV PATH=/usr/bin:/bin'];
    const { docker } = dockerd;
    await makeImage(docker, { name: 'root:1', scripts, changes: ['CMD ["first-look"]', ...env] });
    await makeImage(docker, { name: 'app:1', scripts, changes: ['CMD ["first-look"]', 'USER app', ...env] });
    await makeImage(docker, { name: 'plain:1', scripts, changes: ['USER app', 'ENV PATH=/usr/bin:/bin'] });
    await makeImage(docker, {
      name: 'bare:1',
      shell: false,
      changes: ['ENTRYPOINT ["/app/sleep"]', 'CMD ["7"]'],
    });
    cluster = await startTestCluster();
    net = new WiringNet();
    net.slowness = 100;
    worker = await startTestWorker(cluster, dockerd.socket, net);
  });

  after(async () => {
    await worker?.stop();
    await cluster?.stop();
    await dockerd?.stop();
    if (worker) removeData(worker);
  });

  for (const [user, image] of [
    ['root', 'root:1'],
    ['a user who is not root', 'app:1'],
  ] as const) {
    it(`the first instruction of ${user} finds the link, ${TIMES} of ${TIMES}`, async () => {
      const job_name = `first.look.${image.slice(0, -2)}.test`;
      const numbers = Array.from({ length: TIMES }, (_, number) => number);
      for (const instance_number of numbers) {
        await cluster.send(DOWN.deploy, makeDeploy({ job_name, image, instance_number }));
      }
      for (let turn = 0; turn < TIMES; turn++) {
        await cluster.up.take(({ leaf, json }) => leaf === 'job' && json().status === 'RUNNING', 'RUNNING');
      }
      const ended = cluster.up.all.filter(({ leaf, json }) => leaf === 'job' && json().status === 'FAILED');
      assert.deepEqual(
        ended.map(message => message.json().status_detail),
        [],
      );
      for (const number of numbers) {
        const address = net.attached.get(`${job_name}/${number}`)?.nsAddress;
        const container = dockerd.docker.getContainer(
          `hedgerow-${worker.id.slice(-8)}-${job_name}-${number}`,
        );
        await follows(container, new RegExp(`inet ${address}/32`));
      }
    });
  }

  it('a container left on hold by a killed engine is wired and released by the next one', async () => {
    await worker.stop();
    const deploy = makeDeploy({ image: 'app:1' });
    const { container, name } = await leaveOnHold(worker, dockerd.socket, deploy);
    worker = await startTestWorker(cluster, dockerd.socket, net, { data: worker.data });
    const info = await container.inspect();
    assert.equal(info.Name, `/${name}`);
    assert.equal(info.State.Running, true);
    await follows(container, /inet 10\.18\./);
  });

  describe('the program does not notice', () => {
    let runtime: DockerRuntime;
    let holds: Holds;
    let number = 100;

    before(async () => {
      holds = await Holds.create({ directory: join(worker.data, 'other-holds'), shim: '/bin/busybox' });
      runtime = testRuntime('e'.repeat(24), dockerd.socket, holds.shim);
    });
    after(() => holds.close());

    const run = async (deploy: Partial<DeployPayload>, held: boolean) => {
      const instance_number = number++;
      const full = makeDeploy({ ...deploy, instance_number });
      const name = runtime.nameOf(full.job_name, instance_number);
      const image = await runtime.image(full.image, () => {});
      const hold = held ? await holds.take(name) : null;
      const id = await runtime.create({ name, deploy: full, image, hold });
      const container = dockerd.docker.getContainer(id);
      await container.start();
      if (held) holds.release(name);
      const { StatusCode } = (await container.wait()) as { StatusCode: number };
      const text = await lastText(runtime, id, 1000);
      await container.remove();
      holds.drop(name);
      return { code: StatusCode, text };
    };
    const both = async (deploy: Partial<DeployPayload>) => {
      const [held, bare] = [await run(deploy, true), await run(deploy, false)];
      const lines = (text: string) =>
        text
          .replace(/instance-\d+/, 'instance')
          .split('\n')
          .sort();
      assert.deepEqual({ ...held, text: lines(held.text) }, { ...bare, text: lines(bare.text) });
      return held.text;
    };

    it('its environment is the same, odd names included', async () => {
      const environment = ['my-own.var=1 2', 'SHLVL=7', 'EMPTY=', "QUOTE=it's"];
      const text = await both({ image: 'root:1', cmd: ['env'], environment });
      assert.match(text, /^discovery\.type=single$/m);
      assert.match(text, /^my-own\.var=1 2$/m);
      await both({ image: 'bare:1', cmd: ['/app/sleep', '0'] });
    });

    it('its arguments and its own name are the same', async () => {
      const show = 'tr "\\0" "|" </proc/$$/cmdline; exit 0';
      const text = await both({ image: 'plain:1', cmd: ['sh', '-c', show, 'a b', '', '$HOME', "'"] });
      assert.match(text, /^sh\|-c\|.*\|a b\|\|\$HOME\|'\|$/);
    });

    it('a program of the image comes before an applet of the same name', async () => {
      assert.equal(await both({ image: 'app:1', cmd: ['cat'] }), 'the image has its own cat');
    });

    it('a path that is relative is so to the working directory', async () => {
      assert.equal(await both({ image: 'app:1', cmd: ['app/relative'] }), 'app/relative in /');
    });

    it('an image without a shell runs', async () => {
      const started = Date.now();
      assert.equal((await run({ image: 'bare:1', cmd: ['/app/sleep', '1'] }, true)).code, 0);
      assert.ok(Date.now() - started >= 1000);
    });

    it('a program that is not there says so', async () => {
      const { code, text } = await run({ image: 'root:1', cmd: ['no-such', 'x'] }, true);
      assert.equal(code, 127);
      assert.equal(text, 'hedgerow: no program no-such in PATH (/usr/bin:/bin) of the image');
    });

    it('a program that is never released ends when it is stopped', async () => {
      const deploy = makeDeploy({ image: 'root:1', instance_number: number++ });
      const name = runtime.nameOf(deploy.job_name, deploy.instance_number);
      const image = await runtime.image(deploy.image, () => {});
      const id = await runtime.create({ name, deploy, image, hold: await holds.take(name) });
      assert.ok((await runtime.start(id)) > 0);
      const before = Date.now();
      await runtime.stop(id);
      assert.ok(Date.now() - before < 1500, 'it ended by the signal, not by the kill');
      assert.equal(await lastText(runtime, id, 10), '');
      await runtime.remove(id);
    });
  });
});

function testRuntime(workerId: string, socket: string, shim: string): DockerRuntime {
  return new DockerRuntime({ workerId, socket, shim, stopGrace: 2, clock: systemClock, log: silentLogger });
}

/** What an engine leaves behind that is killed after the start and before the release. */
async function leaveOnHold(worker: TestWorker, socket: string, deploy: DeployPayload) {
  const store = openSqlite({ file: join(worker.data, 'node.sqlite'), durability: 'normal' });
  await new DesiredStore(store).save(deploy);
  await store.close();
  const holds = await Holds.create({ directory: join(worker.data, 'hold'), shim: '/bin/busybox' });
  const runtime = testRuntime(worker.id, socket, holds.shim);
  const name = runtime.nameOf(deploy.job_name, deploy.instance_number);
  const image = await runtime.image(deploy.image, () => {});
  const id = await runtime.create({ name, deploy, image, hold: await holds.take(name) });
  const pid = await runtime.start(id);
  await holds.close();
  assert.ok(readFileSync(`/proc/${pid}/status`, 'utf8').length > 0);
  return { container: new Docker({ socketPath: socket }).getContainer(id), name };
}

/** Waits for output, which a released program writes a moment after its release. */
async function follows(container: Docker.Container, pattern: RegExp): Promise<void> {
  const stream = await container.logs({ stdout: true, stderr: true, follow: true });
  let text = '';
  for await (const chunk of stream) {
    text += chunk.toString();
    if (pattern.test(text)) return;
  }
  assert.fail(`ended without ${pattern}: ${text}`);
}
