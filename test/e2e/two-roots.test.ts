/** Two roots over one MongoDB. The one that leads is killed in the middle of things; they are finished through the other. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  type Child,
  Client,
  dockerJson,
  endProcess,
  listContainers,
  memorySessions,
  type Run,
  startChild,
} from '@hedgerow/cli';
import type { ApiService } from '@hedgerow/protos';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { call, login } from '../support/http.ts';
import { startMongodb, type TestMongodb, withoutMongodb } from '../support/mongodb.ts';
import { withoutRoot } from '../support/requirements.ts';
import { descriptor, microservice, register, scale } from '../support/stories.ts';

/** s */
const LEASE = 5;
const PATIENCE = { timeout: 60_000 };

describe('two roots over one store', { skip: withoutRoot() || withoutMongodb() }, () => {
  let mongodb: TestMongodb;
  let url: string;
  let fleet: TestFleet;
  /** Leads first; the fleet's own root is the other one. */
  let second: Child;
  let web: ApiService;

  before(async () => {
    mongodb = await startMongodb();
    url = mongodb.database();
    fleet = await startFleet({
      workers: 2,
      async prepare(run) {
        second = await startSecondRoot(run, url);
        const roots = `${socketOf(run, 'second')},${socketOf(run, 'root')}`;
        return { flags: { root: shared(url, socketOf(run, 'root')), cluster: ['--root', roots] } };
      },
    });
    const services = await register(fleet, descriptor('two', [microservice('web')]));
    web = services.get('web') as ApiService;
  });
  after(async () => {
    await fleet?.stop();
    await mongodb?.stop();
  });

  it('a token of the one is honoured by the other, and both see the same', async () => {
    const token = await login(String(second.ready.url));
    const [mine, other] = await Promise.all(
      [String(second.ready.url), fleet.root.url].map(root =>
        call<ApiService[]>(`${root}/api/services`, 'GET', { token }),
      ),
    );
    assert.equal(other?.status, 200);
    assert.deepEqual(other?.body, mine?.body);
  });

  it('a deployment goes on through the other, and what ran before is not touched', async () => {
    web = await scale(fleet, web, 3);
    const before = await programs();
    assert.equal(before.size, 3);
    for (let n = 0; n < 4; n += 1) await fleet.client.addInstance(web.microserviceID);
    await endProcess(second.id, 0);
    for (let n = 0; n < 2; n += 1) await fleet.client.addInstance(web.microserviceID);
    web = await eventually(
      'nine instances RUNNING',
      () => fleet.client.service(web.microserviceID),
      ({ instance_list: all }) => all.length === 9 && all.every(({ status }) => status === 'RUNNING'),
      PATIENCE,
    );
    const now = await programs();
    assert.equal(now.size, 9, 'one container for each instance');
    for (const [id, pid] of before) assert.equal(now.get(id), pid);
    assert.equal(new Set(web.instance_list.map(instance => instance.instance_ip)).size, 9);
  });

  it('a removal goes on through the one that came back', async () => {
    second = await startSecondRoot(fleet.run, url);
    const client = await clientOf(String(second.ready.url));
    const kept = web.instance_list[0]?.instance_number ?? -1;
    const before = await programs();
    const [last, ...others] = web.instance_list.slice(1);
    for (const { instance_number } of others.slice(0, 5)) {
      await client.removeInstance(web.microserviceID, instance_number);
    }
    await fleet.stopRoot(0);
    for (const instance of [last, ...others.slice(5)]) {
      await client.removeInstance(web.microserviceID, instance?.instance_number ?? -1);
    }
    const left = await eventually('one container', programs, ({ size }) => size === 1, PATIENCE);
    for (const [id, pid] of left) assert.equal(before.get(id), pid);
    const { instance_list } = await client.service(web.microserviceID);
    assert.deepEqual(
      instance_list.map(({ instance_number, status }) => [instance_number, status]),
      [[kept, 'RUNNING']],
    );
  });

  it('a root that was paused while it led wakes up as the one that follows', async () => {
    await fleet.startRoot();
    process.kill(second.id.pid, 'SIGSTOP');
    const client = await clientOf(fleet.root.url);
    try {
      await eventually('the cluster is with the other', () => client.clusters(), isConnected, PATIENCE);
      await client.addInstance(web.microserviceID);
      await eventually('two containers', programs, ({ size }) => size === 2, PATIENCE);
    } finally {
      process.kill(second.id.pid, 'SIGCONT');
    }
    const woken = await clientOf(String(second.ready.url));
    await woken.addInstance(web.microserviceID);
    await eventually(
      'three RUNNING',
      () => woken.service(web.microserviceID),
      ({ instance_list: all }) => all.length === 3 && all.every(({ status }) => status === 'RUNNING'),
      PATIENCE,
    );
    assert.equal((await programs()).size, 3);
    await eventually('both see the cluster', () => woken.clusters(), isConnected);
  });

  it('a root that stops hands over at once', async () => {
    const client = await clientOf(String(second.ready.url));
    const began = performance.now();
    await fleet.stopRoot();
    await eventually('the cluster is with the other', () => client.clusters(), isConnected);
    const took = performance.now() - began;
    assert.ok(took < LEASE * 1000, `${took} ms`);
    await client.removeApplication(web.applicationID);
    await eventually('no container', programs, ({ size }) => size === 0, PATIENCE);
  });

  /** Container id → process id. */
  async function programs(): Promise<Map<string, number>> {
    const { socket } = fleet.engine;
    const containers = await listContainers(socket, '');
    const pids = containers.map(async ({ Id }) => {
      const path = `/containers/${Id}/json`;
      const { State } = await dockerJson<{ State: { Pid: number } }>(socket, { method: 'GET', path });
      return [Id, State.Pid] as const;
    });
    return new Map(await Promise.all(pids));
  }
});

async function clientOf(root: string): Promise<Client> {
  const client = new Client(root, memorySessions());
  await client.login('Admin', 'Admin');
  return client;
}

function isConnected(clusters: readonly { active: boolean }[]): boolean {
  return clusters.some(({ active }) => active);
}

function socketOf(run: Run, name: string): string {
  return `unix:${join(run.dir, `${name}.sock`)}`;
}

function shared(url: string, address: string): string[] {
  return ['--mongodb', url, '--address', address, '--lease-seconds', `${LEASE}`];
}

function startSecondRoot(run: Run, url: string): Promise<Child> {
  const address = socketOf(run, 'second');
  const files = ['--socket', address.slice('unix:'.length), '--data', join(run.dir, 'second')];
  const args = ['--host', '127.0.0.1', '--port', '0', ...files, ...shared(url, address)];
  return startChild(run, { name: 'second', role: 'root', from: 'source', args });
}
