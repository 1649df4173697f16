/** The Node Engine's process is stopped, killed, started: containers and traffic go on, and are adopted. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { dockerJson, listContainers } from '@hedgerow/cli';
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { withoutRoot } from '../support/requirements.ts';
import { descriptor, microservice, register, SLEEP, scale, shares } from '../support/stories.ts';

interface Inspected {
  Id: string;
  State: { Pid: number; StartedAt: string };
}

describe('restart of a worker’s process', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let server: ApiService;
  let caller: { service: ApiService; instance: ApiInstance };

  before(async () => {
    fleet = await startFleet({ workers: 2 });
    const services = await register(
      fleet,
      descriptor('adopt', [microservice('client', { cmd: SLEEP }), microservice('server')]),
    );
    const client = await scale(fleet, services.get('client') as ApiService, 1);
    server = await scale(fleet, services.get('server') as ApiService, 4);
    caller = { service: client, instance: client.instance_list[0] as ApiInstance };
  });
  after(() => fleet?.stop());

  for (const [how, graceMs] of [
    ['stopped', 8000],
    ['killed', 0],
  ] as const) {
    it(`containers and traffic go on while it is ${how}, and are adopted when it is back`, async () => {
      const programs = await running(fleet);
      await fleet.stopWorker('worker1', graceMs);
      await assertAllAnswered();
      assert.deepEqual(await running(fleet), programs);
      await fleet.startWorker('worker1');
      await eventually(
        'everything RUNNING',
        () => fleet.client.service(server.microserviceID),
        ({ instance_list }) => instance_list.every(instance => instance.status === 'RUNNING'),
      );
      await assertAllAnswered();
      assert.deepEqual(await running(fleet), programs, 'the same containers, the same processes');
    });
  }

  it('goes on from the root’s point of view: the same workers have the same instances', async () => {
    const now = await fleet.client.service(server.microserviceID);
    const where = ({ instance_list }: ApiService) =>
      instance_list.map(({ instance_number, worker_id, namespace_ip }) => [
        instance_number,
        worker_id,
        namespace_ip,
      ]);
    assert.deepEqual(where(now), where(server));
  });

  async function assertAllAnswered(): Promise<void> {
    const { lost } = shares(server, await fleet.request(caller, `http://${server.RR_ip}/`, 60));
    assert.equal(lost, 0);
  }
});

async function running(fleet: TestFleet): Promise<string[]> {
  const { socket } = fleet.engine;
  const containers = await listContainers(socket, '');
  const inspected = await Promise.all(
    containers.map(({ Id }) =>
      dockerJson<Inspected>(socket, { method: 'GET', path: `/containers/${Id}/json` }),
    ),
  );
  return inspected.map(({ Id, State }) => `${Id} ${State.Pid} ${State.StartedAt}`).sort();
}
