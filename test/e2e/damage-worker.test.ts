/** What a worker loses: a container, its process, its link, its turn on the processor, its power. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { type Copy, killCopy, processesOf, runningCopies, untilCopies } from '../support/copies.ts';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { assertNoLeaks, fleetState } from '../support/leaks.ts';
import { reboot } from '../support/reboot.ts';
import { withoutRoot } from '../support/requirements.ts';
import type { Snapshot } from '../support/snapshot.ts';
import {
  type Caller,
  descriptor,
  microservice,
  on,
  register,
  SLEEP,
  scale,
  shares,
  untilLive,
  untilStatus,
} from '../support/stories.ts';
import { Traffic } from '../support/traffic.ts';

/** ms */
const FROZEN = 20_000;
const JOB = 'damage.test.';

describe('damage to a worker', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let clean: Snapshot;
  /** two instances, wherever there is room */
  let server: ApiService;
  /** one instance, which only worker1 may run */
  let pinned: ApiService;
  let near: Caller;
  let traffic: Traffic;

  before(async () => {
    fleet = await startFleet({ workers: 2 });
    clean = await fleetState(fleet);
    const services = await register(
      fleet,
      descriptor('damage', [
        microservice('far', { cmd: SLEEP, ...on('worker2') }),
        microservice('near', { cmd: SLEEP, ...on('worker1') }),
        microservice('pinned', on('worker1')),
        microservice('server'),
      ]),
    );
    const named = (name: string) => services.get(name) as ApiService;
    const far = await caller(await scale(fleet, named('far'), 1));
    near = await caller(await scale(fleet, named('near'), 1));
    pinned = await scale(fleet, named('pinned'), 1);
    server = await scale(fleet, named('server'), 2);
    traffic = await Traffic.start(fleet, far, server.RR_ip);
  });
  after(async () => {
    await traffic?.stop();
    await fleet?.stop();
  });

  const caller = async (service: ApiService): Promise<Caller> => ({
    service,
    instance: service.instance_list[0] as ApiInstance,
  });
  const servers = (count: number, where: (copy: Copy) => boolean = () => true) =>
    untilCopies(fleet, `${JOB}server.`, `${count} servers`, all => all.length === count && all.every(where));
  const serverOn = (worker: string) =>
    server.instance_list.find(({ worker_id }) => worker_id === fleet.worker(worker).id) as ApiInstance;
  const converged = async () => {
    server = await untilStatus(fleet, server, 'RUNNING');
    pinned = await untilStatus(fleet, pinned, 'RUNNING');
  };

  for (const alone of [false, true])
    it(`a container is killed${alone ? ' while cluster and root are away' : ''}: its worker starts it again`, async () => {
      const before = await runningCopies(fleet, JOB);
      if (alone) await Promise.all([fleet.stopCluster(0), fleet.stopRoot(0)]);
      const victim = before.find(
        ({ instance, worker }) => instance.includes('server') && worker === 'worker1',
      );
      assert.ok(victim);
      killCopy(victim);
      const again = (copy: Copy) => copy.instance === victim.instance && copy.pid !== victim.pid;
      const now = await untilCopies(
        fleet,
        JOB,
        'the killed one runs again',
        all => all.some(copy => again(copy) && copy.worker === victim.worker) && all.length === before.length,
      );
      const others = (all: Copy[]) => processesOf(all.filter(({ instance }) => instance !== victim.instance));
      assert.deepEqual(others(now), others(before), 'the others were left alone');
      await traffic.settled();
      if (alone) {
        await fleet.startRoot();
        await fleet.startCluster();
        await untilLive(fleet);
      }
      await converged();
      assert.deepEqual(processesOf(await runningCopies(fleet, JOB)), processesOf(now));
      assert.equal(serverOn('worker1').instance_number, Number(victim.instance.split('/')[1]));
    });

  it('its link is cut: replicas elsewhere; the link is back: the old ones go, nothing else changes', async () => {
    const before = await runningCopies(fleet, JOB);
    const old = serverOn('worker1').namespace_ip;
    await fleet.link('worker1', 'down');
    await servers(3);
    await traffic.settled();
    const cut = await runningCopies(fleet, JOB);
    await fleet.link('worker1', 'up');
    await servers(2, ({ worker }) => worker === 'worker2');
    await converged();
    assertNeverAnswered(old, await traffic.settled());
    const kept = ({ instance, worker }: Copy) => worker === 'worker2' || !instance.includes('server');
    assert.deepEqual(processesOf(await runningCopies(fleet, JOB)), processesOf(cut.filter(kept)));
    assert.ok(before.filter(kept).every(({ id, pid }) => cut.some(now => now.id === id && now.pid === pid)));
  });

  it('it stands still for 20 s: the same', async () => {
    await spread();
    const old = serverOn('worker1').namespace_ip;
    const { pid } = fleet.worker('worker1').child.id;
    const thaw = delay(FROZEN);
    process.kill(pid, 'SIGSTOP');
    let frozen: Copy[] = [];
    try {
      await servers(3);
      await traffic.settled();
      frozen = await runningCopies(fleet, JOB);
      await thaw;
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await servers(2, ({ worker }) => worker === 'worker2');
    await converged();
    assertNeverAnswered(old, await traffic.settled());
    const kept = ({ instance, worker }: Copy) => worker === 'worker2' || !instance.includes('server');
    assert.deepEqual(processesOf(await runningCopies(fleet, JOB)), processesOf(frozen.filter(kept)));
  });

  it('it is switched off and on and finds no link: it runs what it had to, network included, and that stays', async () => {
    const { ready } = await reboot(fleet, 'worker1');
    const running = (all: Copy[]) =>
      ['near', 'pinned'].every(name =>
        all.some(({ instance, worker }) => instance.includes(`.${name}.`) && worker === 'worker1'),
      );
    const alone = (await untilCopies(fleet, JOB, 'it runs what it had to', running)).filter(isPinned);
    await answeredNearby();
    await fleet.link('worker1', 'up');
    await ready;
    await converged();
    await answeredNearby();
    assert.deepEqual(processesOf((await runningCopies(fleet, JOB)).filter(isPinned)), processesOf(alone));
    await traffic.settled();
  });

  it('nothing is left of it', async () => {
    await traffic.stop();
    await assertNoLeaks(fleet, clean);
  });

  /** From a container of worker1 to another one there. */
  async function answeredNearby(): Promise<void> {
    await eventually(
      'an answer by the service IP on this machine',
      async () => shares(pinned, await fleet.request(near, `http://${pinned.RR_ip}/`, 5)),
      ({ byInstance, lost }) => lost === 0 && byInstance.length === 1,
    );
  }

  /** One server on each worker, as it was in the beginning. */
  async function spread(): Promise<void> {
    const [last] = server.instance_list.slice(-1);
    await fleet.client.removeInstance(server.microserviceID, last?.instance_number ?? -1);
    server = await scale(fleet, server, 1);
    await servers(2);
    assert.ok(serverOn('worker1'));
    await traffic.settled();
  }
});

function isPinned({ instance }: Copy): boolean {
  return !instance.includes('.server.');
}

function assertNeverAnswered(address: string, taken: Awaited<ReturnType<Traffic['settled']>>): void {
  for (const { answers } of taken)
    assert.equal(answers[address], undefined, 'a copy that was replaced answered');
}
