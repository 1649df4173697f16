/** A whole site is lost: its link to the root, or its power. What its services say about that is done; one copy is left. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ApiService } from '@hedgerow/protos';
import { type Copy, processesOf, runningCopies, untilCopies } from '../support/copies.ts';
import { eventually } from '../support/eventually.ts';
import { startFleet, type TestFleet } from '../support/fleet.ts';
import { assertNoLeaks, fleetState } from '../support/leaks.ts';
import { withoutRoot } from '../support/requirements.ts';
import { RootLink } from '../support/root-link.ts';
import { SecondSite } from '../support/second-site.ts';
import type { Snapshot } from '../support/snapshot.ts';
import { descriptor, microservice, on, register, SLEEP, scale, untilStatus } from '../support/stories.ts';
import { Traffic } from '../support/traffic.ts';

const { NAME, WORKER } = SecondSite;
const GRACE = { action: 'replace', grace: 3 };

describe('a cluster is lost', { skip: withoutRoot() }, () => {
  let fleet: TestFleet;
  let link: RootLink;
  let site: SecondSite;
  let clean: Snapshot;
  let moving: ApiService;
  let staying: ApiService;
  let traffic: Traffic;

  before(async () => {
    fleet = await startFleet({ workers: 1, machines: SecondSite.MACHINES });
    link = new RootLink(fleet.run);
    await link.open();
    site = new SecondSite(fleet, link.address);
    await site.start();
    await eventually(
      'both clusters are there',
      () => fleet.client.clusters(),
      all => all.filter(({ active, active_nodes: n }) => active && n === 1).length === 2,
    );
    clean = await fleetState(fleet);
    const services = await register(
      fleet,
      descriptor('loss', [
        microservice('client', { cmd: SLEEP, ...on('worker1') }),
        microservice('moving', { on_cluster_loss: GRACE }),
        microservice('staying', { on_cluster_loss: { action: 'wait' }, ...on(WORKER, NAME) }),
      ]),
    );
    const named = (name: string) => services.get(name) as ApiService;
    const client = await scale(fleet, named('client'), 1);
    staying = await scale(fleet, named('staying'), 1);
    moving = await scale(fleet, named('moving'), 2);
    const [instance] = client.instance_list;
    assert.ok(instance);
    traffic = await Traffic.start(fleet, { service: client, instance }, moving.RR_ip);
  });
  after(async () => {
    await traffic?.stop();
    await fleet?.stop();
    await link?.cut();
  });

  const copiesOf = (name: string) => runningCopies(fleet, `loss.test.${name}.`);
  const isThere = ({ worker }: Copy) => worker === WORKER;
  const until = (what: string, wanted: (all: Copy[]) => boolean) =>
    untilCopies(fleet, 'loss.test.moving.', what, wanted);

  it('its link is cut: after its grace it runs elsewhere; the link is back: one copy is left', async () => {
    const before = await copiesOf('moving');
    const calm = processesOf(await copiesOf('staying'));
    const there = before.filter(isThere);
    assert.equal(there.length, 1, 'one on each site');
    const old =
      moving.instance_list.find(({ cluster_id }) => cluster_id === clusterOf(staying))?.namespace_ip ?? '';
    await link.cut();
    await until('three copies', all => all.length === 3);
    await untilStatus(fleet, moving, 'RUNNING');
    await traffic.settled();
    await link.open();
    await until('two copies here', all => all.length === 2 && !all.some(isThere));
    for (const { answers } of await traffic.settled())
      assert.equal(answers[old], undefined, 'a copy that was replaced answered');
    await untilStatus(fleet, staying, 'RUNNING');
    assert.deepEqual(processesOf(await copiesOf('staying')), calm, 'what waits is the same');
    const kept = processesOf(before.filter(copy => !isThere(copy)));
    const now = processesOf(await copiesOf('moving'));
    assert.ok(kept.every(copy => now.includes(copy)));
  });

  it('it has no power: after its grace it runs elsewhere; power is back: one copy, and what waited runs again', async () => {
    moving = await scale(fleet, moving, 1);
    const there = await until('one there', all => all.length === 3 && all.filter(isThere).length === 1);
    await site.kill();
    const now = await until('three copies here', all => all.length === 3 && !all.some(isThere));
    assert.deepEqual(await copiesOf('staying'), []);
    assert.deepEqual(
      now.map(({ instance }) => instance),
      there.map(({ instance }) => instance),
    );
    await site.start();
    await untilCopies(fleet, 'loss.test.staying.', 'what waited runs again', all => all.length === 1);
    await untilStatus(fleet, staying, 'RUNNING');
    await until('one copy of each', all => all.length === 3 && !all.some(isThere));
    assert.deepEqual(processesOf(await copiesOf('moving')), processesOf(now), 'nothing was started again');
    await traffic.settled();
  });

  it('and nothing is left', async () => {
    await traffic.stop();
    await assertNoLeaks(fleet, clean);
  });
});

function clusterOf({ instance_list: [instance] }: ApiService): string | undefined {
  return instance?.cluster_id;
}
