/** A service is changed while somebody uses it: it serves all the while, whether the change is good or not. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ApiService } from '@hedgerow/protos';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { assertNoLeaks, fleetState } from '../support/leaks.ts';
import { withoutRoot } from '../support/requirements.ts';
import type { Snapshot } from '../support/snapshot.ts';
import { type Caller, clientAndServers, shares } from '../support/stories.ts';

/** What fails is tried again for 30 s, and an image that is nowhere takes the time of the attempts to pull it. */
const RETRIES = 30_000;
const TIMEOUT = 120_000;

describe('an update of a service that is used', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let clean: Snapshot;
  let server: ApiService;
  let caller: Caller;

  before(async () => {
    fleet = await startFleet({ workers: 2 });
    clean = await fleetState(fleet);
    ({ server, caller } = await clientAndServers(fleet, 'update', 2, {
      // thousands of requests leave thousands of dead processes that nobody reaps
      client: { memory: 512 },
      server: { environment: ['KEPT=1', 'VERSION=1'] },
    }));
  });
  after(() => fleet?.stop());

  /** Sends requests without a pause until the update has ended. @returns the service, and how many got no answer */
  async function during(change: object): Promise<{ end: ApiService; asked: number; lost: number }> {
    await fleet.client.updateService(server.microserviceID, change);
    let [asked, lost, over] = [0, 0, false];
    const asking = (async () => {
      do {
        const answers = await fleet.request(caller, `http://${server.RR_ip}/`, 25);
        asked += answers.length;
        lost += shares(server, answers).lost;
      } while (!over);
    })();
    try {
      const end = await eventually(
        'the update ends',
        () => fleet.client.service(server.microserviceID),
        ({ rollout }) => rollout?.state !== 'rolling' && rollout?.state !== 'undoing',
        { timeout: TIMEOUT, every: 200 },
      );
      return { end, asked, lost };
    } finally {
      over = true;
      await asking;
    }
  }

  const numbers = (service: ApiService) => service.instance_list.map(i => i.instance_number);

  it('replaces every instance; hardly a request is lost, those that meet an old one just as it ends', async () => {
    const environment = ['KEPT=1', 'VERSION=2'];
    const { end, asked, lost } = await during({ environment, memory: 48 });
    assert.equal(end.rollout?.state, 'done', `${end.rollout?.detail}`);
    assert.deepEqual(numbers(end), [2, 3]);
    assert.ok(asked > 100 && lost <= asked / 100, `${lost} of ${asked} requests were lost`);
    for (const instance of end.instance_list) {
      const { output } = await fleet.execIn(end, instance, 'env');
      assert.match(output, /^KEPT=1$/m);
      assert.match(output, /^VERSION=2$/m);
    }
    const { byInstance } = shares(end, await fleet.request(caller, `http://${server.RR_ip}/`, 80));
    assert.ok(
      byInstance.every(count => count > 0),
      `${byInstance.join(', ')}`,
    );
  });

  it('to an image that is nowhere is undone; those that were there serve on', async () => {
    const before = await fleet.client.service(server.microserviceID);
    const begun = performance.now();
    const { end, asked, lost } = await during({ code: 'hedgerow/nowhere:1' });
    assert.ok(performance.now() - begun >= RETRIES, 'its worker was given the time to try again');
    assert.equal(end.rollout?.state, 'undone', `${end.rollout?.detail}`);
    assert.match(
      end.rollout?.detail ?? '',
      /^instance \d+, which was to take over, is (FAILED|DEAD) after [3-9]\d s: /,
    );
    assert.equal(end.image, before.image);
    assert.deepEqual(numbers(end), numbers(before));
    assert.ok(end.instance_list.every(({ status }) => status === 'RUNNING'));
    assert.ok(asked > 0 && lost === 0, `${lost} of ${asked} requests were lost`);
    const then = shares(end, await fleet.request(caller, `http://${server.RR_ip}/`, 40));
    assert.equal(then.lost, 0);
  });

  it('and nothing is left', () => assertNoLeaks(fleet, clean));
});
