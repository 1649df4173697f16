/** A worker stands still for longer than its cluster waits, nobody else has room, and it comes back. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { listContainers } from '@hedgerow/cli';
import type { ApiService } from '@hedgerow/protos';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { assertNoLeaks, fleetState } from '../support/leaks.ts';
import { withoutRoot } from '../support/requirements.ts';
import type { Snapshot } from '../support/snapshot.ts';
import { descriptor, microservice, register, SLEEP, scale } from '../support/stories.ts';

describe('a worker that is back before there was room elsewhere', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let clean: Snapshot;
  let service: ApiService;

  before(async () => {
    fleet = await startFleet({ workers: 2, vcpus: 2, flags: { cluster: ['--worker-dead-after', '3500'] } });
    clean = await fleetState(fleet);
    const services = await register(
      fleet,
      descriptor('pause', [microservice('full', { cmd: SLEEP, vcpus: 1 })]),
    );
    service = await scale(fleet, services.get('full') as ApiService, 4);
  });
  after(() => fleet?.stop());

  it('keeps its containers, and the root says RUNNING again', async () => {
    const ids = async () => (await listContainers(fleet.engine.socket, '')).map(({ Id }) => Id).sort();
    const containers = await ids();
    const { pid } = fleet.worker('worker2').child.id;
    process.kill(pid, 'SIGSTOP');
    await statuses(list => list.filter(status => status === 'NO_WORKER_CAPACITY').length === 2);
    process.kill(pid, 'SIGCONT');
    await statuses(list => list.every(status => status === 'RUNNING'));
    assert.deepEqual(await ids(), containers);
  });

  it('and nothing is left', () => assertNoLeaks(fleet, clean));

  function statuses(wanted: (list: string[]) => boolean): Promise<string[]> {
    const look = async () =>
      (await fleet.client.service(service.microserviceID)).instance_list.map(({ status }) => status);
    return eventually('statuses', look, wanted, { timeout: 30_000 });
  }
});
