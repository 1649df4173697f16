/** A worker in the network namespace of a dockerd that guards it: Docker sets the policy of FORWARD to DROP there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { dockerJson, inNamespace, type Machine, type Run } from '@hedgerow/cli';
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { execInNamespace } from '../support/netns.ts';
import { withoutRoot } from '../support/requirements.ts';
import { descriptor, microservice, register, SLEEP, scale, shares } from '../support/stories.ts';

describe('a worker beside a dockerd with its packet filter', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let dockerd: ReturnType<typeof spawn>;
  /** Tearing the run down may end it already. */
  let ended: Promise<unknown>;

  before(async () => {
    fleet = await startFleet({
      workers: 2,
      prepare: async (run, machines) => {
        const folder = join(run.dir, 'guarded');
        dockerd = spawnDockerd(run, folder, machines.worker1 as Machine);
        ended = once(dockerd, 'exit');
        const docker = join(folder, 'docker.sock');
        await eventually(
          'dockerd answers',
          () => dockerJson(docker, { method: 'GET', path: '/version' }),
          Boolean,
          {
            timeout: 30_000,
          },
        );
        return { docker };
      },
    });
  });
  after(async () => {
    await fleet?.stop();
    dockerd?.kill();
    await ended;
  });

  it('forwards in spite of Docker’s policy, in both directions', async () => {
    const { namespace } = fleet.worker('worker1');
    assert.match(
      await execInNamespace(namespace, 'nft', 'list', 'chain', 'ip', 'filter', 'FORWARD'),
      /policy drop/,
    );
    const sla = descriptor('beside', [microservice('client', { cmd: SLEEP }), microservice('server')]);
    const services = await register(fleet, sla);
    const clients = await scale(fleet, services.get('client') as ApiService, 2);
    const server = await scale(fleet, services.get('server') as ApiService, 4);
    for (const service of [clients, server]) {
      assert.equal(
        new Set(service.instance_list.map(({ worker_id }) => worker_id)).size,
        2,
        'on both workers',
      );
    }
    for (const instance of clients.instance_list) {
      const caller = { service: clients, instance: instance as ApiInstance };
      const { byInstance, lost } = shares(server, await fleet.request(caller, `http://${server.RR_ip}/`, 80));
      assert.equal(lost, 0);
      assert.ok(
        byInstance.every(count => count > 0),
        `every instance answers: ${byInstance.join(', ')}`,
      );
    }
  });
});

function spawnDockerd(run: Run, folder: string, machine: Machine): ReturnType<typeof spawn> {
  mkdirSync(folder, { mode: 0o700 });
  const flags = [
    `--data-root=${join(folder, 'data')}`,
    `--exec-root=${join(folder, 'exec')}`,
    `--host=unix://${join(folder, 'docker.sock')}`,
    `--pidfile=${join(folder, 'docker.pid')}`,
    `--containerd-namespace=hedge-${run.id}-guarded`,
    `--containerd-plugins-namespace=hedge-${run.id}-guarded-plugins`,
    '--bip=172.31.250.1/24',
    '--log-level=warn',
  ];
  const [command, args] = inNamespace(machine.namespace, ['dockerd', ...flags]);
  return spawn(command, args, { stdio: 'ignore' });
}
