/** The Node Engine's process is stopped, killed, started: containers and traffic go on, and are adopted. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ApiService } from '@hedgerow/protos';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { assertNoLeaks, fleetState } from '../support/leaks.ts';
import { withoutRoot } from '../support/requirements.ts';
import type { Snapshot } from '../support/snapshot.ts';
import { type Caller, clientAndServers, processes, shares } from '../support/stories.ts';

describe('restart of a worker’s process', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let clean: Snapshot;
  let server: ApiService;
  let caller: Caller;

  before(async () => {
    fleet = await startFleet({ workers: 2 });
    clean = await fleetState(fleet);
    ({ server, caller } = await clientAndServers(fleet, 'adopt', 4));
  });
  after(() => fleet?.stop());

  for (const [how, graceMs] of [
    ['stopped', 8000],
    ['killed', 0],
  ] as const) {
    it(`containers and traffic go on while it is ${how}, and are adopted when it is back`, async () => {
      const programs = await processes(fleet);
      await fleet.stopWorker('worker1', graceMs);
      await assertAllAnswered();
      assert.deepEqual(await processes(fleet), programs);
      await fleet.startWorker('worker1');
      await eventually(
        'everything RUNNING',
        () => fleet.client.service(server.microserviceID),
        ({ instance_list }) => instance_list.every(instance => instance.status === 'RUNNING'),
      );
      await assertAllAnswered();
      assert.deepEqual(await processes(fleet), programs, 'the same containers, the same processes');
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

  it('and nothing is left', () => assertNoLeaks(fleet, clean));

  async function assertAllAnswered(): Promise<void> {
    const { lost } = shares(server, await fleet.request(caller, `http://${server.RR_ip}/`, 60));
    assert.equal(lost, 0);
  }
});
