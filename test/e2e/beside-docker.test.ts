/** A worker in the network namespace of a dockerd that guards it: Docker sets the policy of FORWARD to DROP there. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Machine } from '@hedgerow/cli';
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { startDockerIn } from '../support/docker-machine.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { execInNamespace } from '../support/netns.ts';
import { withoutRoot } from '../support/requirements.ts';
import { descriptor, microservice, register, SLEEP, scale, shares } from '../support/stories.ts';

describe('a worker beside a dockerd with its packet filter', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;

  before(async () => {
    fleet = await startFleet({
      workers: 2,
      prepare: async (run, { worker1 }) => ({ docker: await startDockerIn(run, worker1 as Machine) }),
    });
  });
  after(() => fleet?.stop());

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
