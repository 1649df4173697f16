/** Cluster, root, the links between them and the Docker Engine are lost, in the middle of things, and come back. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ApiInstance, ApiService } from '@hedgerow/protos';
import { type Copy, killCopy, processesOf, runningCopies, untilCopies } from '../support/copies.ts';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { assertNoLeaks, fleetState } from '../support/leaks.ts';
import { execInNamespace } from '../support/netns.ts';
import { withoutRoot } from '../support/requirements.ts';
import { RootLink } from '../support/root-link.ts';
import type { Snapshot } from '../support/snapshot.ts';
import {
  clientAndServers,
  descriptor,
  microservice,
  register,
  SLEEP,
  scale,
  shares,
  untilLive,
  untilStatus,
} from '../support/stories.ts';
import { Traffic } from '../support/traffic.ts';

/** An instance on its way; what comes later is far enough as well. */
const PHASES = ['REQUESTED', 'CLUSTER_SCHEDULED', 'NODE_SCHEDULED', 'CREATING', 'RUNNING'];
/** requests, one each 20 ms */
const SOME_SECONDS = 150;

describe('managers are lost', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let clean: Snapshot;
  let link: RootLink;
  let server: ApiService;
  let traffic: Traffic;
  let batch: ApiService;

  before(async () => {
    fleet = await startFleet({
      workers: 2,
      async prepare(run) {
        link = new RootLink(run);
        await link.open();
        return { flags: { cluster: ['--root', link.address] } };
      },
    });
    clean = await fleetState(fleet);
    const story = await clientAndServers(fleet, 'served', 2);
    server = story.server;
    traffic = await Traffic.start(fleet, story.caller, server.RR_ip);
    const services = await register(fleet, descriptor('batch', [microservice('work', { cmd: SLEEP })]));
    batch = services.get('work') as ApiService;
  });
  after(async () => {
    await traffic?.stop();
    await fleet?.stop();
    await link?.cut();
  });

  const back = async () => {
    await untilLive(fleet);
    server = await untilStatus(fleet, server, 'RUNNING');
  };
  const served = () => runningCopies(fleet, 'served.');
  const work = () => runningCopies(fleet, 'batch.');
  const restart = {
    cluster: async () => {
      await fleet.startCluster();
      await back();
    },
    root: () => fleet.startRoot(),
  };
  const kill = { cluster: () => fleet.stopCluster(0), root: () => fleet.stopRoot(0) };

  for (const [manager, phases] of [
    ['cluster', ['REQUESTED', 'NODE_SCHEDULED', 'CREATING']],
    ['root', ['REQUESTED', 'NODE_SCHEDULED']],
  ] as const)
    it(`the ${manager} is killed in each phase of a deployment, and while a container ends`, async () => {
      const calm = processesOf(await served());
      for (const phase of phases) {
        const number = await fleet.client.addInstance(batch.microserviceID);
        await untilPhase(number, phase);
        await kill[manager]();
        const [victim] = await work();
        if (victim) await killAndWait(victim);
        await restart[manager]();
        batch = await untilStatus(fleet, batch, 'RUNNING', 60_000);
        const copies = await work();
        assert.deepEqual(
          copies.map(({ instance }) => Number(instance.split('/')[1])),
          batch.instance_list.map(({ instance_number }) => instance_number).sort((a, b) => a - b),
          `each once, after ${phase}`,
        );
      }
      assert.deepEqual(processesOf(await served()), calm);
      await assertAllAnswered();
    });

  it('root and cluster are both away: every request is answered, and nothing is started again', async () => {
    const before = processesOf(await runningCopies(fleet));
    await traffic.take();
    await Promise.all([kill.root(), kill.cluster()]);
    await answered(SOME_SECONDS);
    await restart.root();
    await restart.cluster();
    await assertAllAnswered();
    assert.deepEqual(processesOf(await runningCopies(fleet)), before);
  });

  it('what is removed while the cluster is away goes when it is back; its name and address are free at once', async () => {
    const sla = descriptor('fixed', [microservice('one', { addresses: { rr_ip: '10.30.44.44' } })]);
    const first = await scale(fleet, (await register(fleet, sla)).get('one') as ApiService, 1);
    const [old] = await runningCopies(fleet, 'fixed.');
    await kill.cluster();
    await fleet.client.removeApplication(first.applicationID);
    const second = (await register(fleet, sla)).get('one') as ApiService;
    await fleet.client.addInstance(second.microserviceID);
    await restart.cluster();
    await untilStatus(fleet, second, 'RUNNING');
    const [copy, ...others] = await untilCopies(fleet, 'fixed.', 'one copy', all => all.length === 1);
    assert.deepEqual(others, []);
    assert.notEqual(copy?.id, old?.id);
    assert.equal(second.RR_ip, '10.30.44.44');
    await fleet.client.removeApplication(second.applicationID);
  });

  it('what is removed at the cluster while the root is away is gone, and the root is told when it is back', async () => {
    const [first] = batch.instance_list;
    const number = first?.instance_number ?? -1;
    await kill.root();
    await removeAtCluster(batch.microserviceID, number);
    const others = await untilCopies(
      fleet,
      'batch.',
      'it is gone',
      all => !all.some(({ instance }) => instance.endsWith(`/${number}`)),
    );
    await restart.root();
    await eventually(
      'the root knows',
      () => fleet.client.service(batch.microserviceID),
      ({ instance_list: all }) => !all.some(({ instance_number }) => instance_number === number),
    );
    assert.deepEqual(processesOf(await work()), processesOf(others));
    const { moves } = await fleet.client.history(batch.microserviceID, number);
    assert.deepEqual(
      moves.slice(-2).map(({ tier, status }) => `${tier} ${status}`),
      ['worker UNDEPLOYED', 'cluster UNDEPLOYED'],
    );
  });

  for (const [how, lose, find] of [
    ['silent', () => link.freeze(), () => link.thaw()],
    ['closed', () => link.cut(), () => link.open()],
  ] as const)
    it(`the link between root and cluster is ${how} for some seconds: nothing happens`, async () => {
      const before = processesOf(await runningCopies(fleet));
      await traffic.take();
      await lose();
      await answered(SOME_SECONDS);
      await find();
      batch = await scale(fleet, batch, 1);
      await assertAllAnswered();
      const now = processesOf(await runningCopies(fleet));
      assert.deepEqual(
        before.filter(copy => !now.includes(copy)),
        [],
      );
      assert.equal(now.length, before.length + 1);
    });

  // longer, and TCP's next repetition may come after the worker's 5 s, counted from a beat before the cut
  it('the link to a worker is cut for a moment: nothing is placed again', async () => {
    await back();
    const before = processesOf(await runningCopies(fleet));
    const where = placesOf(server);
    await traffic.take();
    await fleet.link('worker1', 'down');
    await traffic.asked(20);
    await fleet.link('worker1', 'up');
    await traffic.settled();
    await back();
    assert.deepEqual(placesOf(server), where);
    assert.deepEqual(processesOf(await runningCopies(fleet)), before);
  });

  for (const [how, graceMs] of [
    ['stopped', 15_000],
    ['killed', 0],
  ] as const)
    it(`the Docker Engine is ${how}: when it is back, everything runs once`, async () => {
      await traffic.stop();
      const wanted = (await runningCopies(fleet)).map(({ instance, worker }) => `${instance} ${worker}`);
      await fleet.stopEngine(graceMs);
      await fleet.startEngine();
      const same = (all: Copy[]) =>
        JSON.stringify(all.map(({ instance, worker }) => `${instance} ${worker}`)) === JSON.stringify(wanted);
      await untilCopies(fleet, '', 'everything once, where it was', same, 60_000);
      await back();
      const client = (await fleet.client.servicesOf(server.applicationID)).find(
        ({ service_name }) => service_name === 'client',
      ) as ApiService;
      const caller = { service: client, instance: client.instance_list[0] as ApiInstance };
      await eventually(
        'both answer',
        async () => shares(server, await fleet.request(caller, `http://${server.RR_ip}/`, 20)),
        ({ byInstance, lost }) => lost === 0 && byInstance.every(count => count > 0),
        { timeout: 30_000 },
      );
    });

  it('and nothing is left', () => assertNoLeaks(fleet, clean));

  async function untilPhase(number: number, phase: string): Promise<void> {
    const far = PHASES.slice(PHASES.indexOf(phase));
    await eventually(
      `instance ${number} is ${phase}`,
      () => fleet.client.service(batch.microserviceID),
      ({ instance_list: all }) =>
        all.some(({ instance_number: n, status }) => n === number && far.includes(status)),
      { every: 5 },
    );
  }

  async function killAndWait(victim: Copy): Promise<void> {
    killCopy(victim);
    await untilCopies(fleet, 'batch.', `${victim.instance} runs again`, all =>
      all.some(
        ({ instance, pid, worker }) =>
          instance === victim.instance && worker === victim.worker && pid !== victim.pid,
      ),
    );
  }

  /** None was lost of those that have been asked since the last look, and of some more. */
  async function assertAllAnswered(): Promise<void> {
    await answered(50);
  }

  async function answered(count: number): Promise<void> {
    const { lost } = await traffic.asked(count);
    assert.deepEqual(lost, []);
  }

  /** As somebody does who stands beside the cluster: with the join token of its workers. */
  async function removeAtCluster(service: string, number: number): Promise<void> {
    const token = readFileSync(join(fleet.cluster.data, 'worker-token'), 'utf8').trim();
    const url = `http://${fleet.cluster.address}:10100/api/instances/${service}/${number}`;
    const program = `const [, url, token] = process.argv;
      const answer = await fetch(url, { method: 'DELETE', headers: { authorization: 'Bearer ' + token } });
      if (!answer.ok) throw new Error(await answer.text());`;
    const node = [process.execPath, '--input-type=module', '--eval', program, url, token] as const;
    await execInNamespace(fleet.cluster.namespace ?? '', ...node);
  }
});

function placesOf({ instance_list }: ApiService): string[] {
  return instance_list.map(({ instance_number, worker_id }) => `${instance_number} ${worker_id}`);
}
