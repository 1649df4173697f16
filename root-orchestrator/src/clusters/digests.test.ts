/** After a cut nothing is told again that both sides know; whatever one of them does not know arrives. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { InstanceReport } from '@hedgerow/protos';
import type { Service } from '../model.ts';
import { microservice } from '../testing/slas.ts';
import { type Coordinated, coordinated } from './testing/coordinated.ts';
import { HonestSite } from './testing/honest-site.ts';

let root: Coordinated;
let sites: HonestSite[];
let services: Service[];
beforeEach(async () => {
  root = await coordinated();
  sites = ['a', 'b', 'c'].map(name => new HonestSite(name));
  for (const site of sites) await site.connect(root);
});
afterEach(() => root.stop());

/** 50 instances of five services over all three. */
async function populate(): Promise<void> {
  const described = [1, 2, 3, 4, 5].map(n => microservice(`web${n}`, { memory: 100 }));
  services = await root.application('shop', ...described);
  const ids = await Promise.all(Array.from({ length: 50 }, (_, n) => root.instance(services[n % 5])));
  for (const id of ids) await root.becomesStatus(id, 'RUNNING');
  await settled();
  assert.ok(sites.every(site => site.has.size > 10));
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) for (const site of sites) await site.client.settled();
}

async function cutAll(): Promise<void> {
  for (const site of sites) await site.cut(root);
  for (const site of sites) site.forget();
}

async function healAll(): Promise<void> {
  for (const site of sites) await site.connect(root);
  await settled();
}

/** What is there is what the root believes: the next cut needs no word. */
async function nothingToSay(): Promise<void> {
  await cutAll();
  await healAll();
  for (const { name, heard } of sites) assert.deepEqual(heard, ['welcome'], name);
}

const first = () => sites[0] as HonestSite;
const anIdOf = (site: HonestSite) => [...site.has.keys()][0] as string;

describe('50 instances on three clusters, cut off and healed', () => {
  test('nothing is told again, and later changes are', async () => {
    await populate();
    const before = await root.collections.instances.find();
    await cutAll();
    await root.pass(3000);
    await healAll();
    for (const { heard } of sites) assert.deepEqual(heard, ['welcome']);
    assert.deepEqual(await root.collections.instances.find(), before, 'no write either');
    first().happen(anIdOf(first()), { status: 'FAILED', namespace_ip: '' });
    await settled();
    assert.deepEqual(
      sites.map(({ heard }) => heard.slice(1)),
      [[], ['table_entry'], ['table_entry']],
    );
  });

  test('a Remove that was lost is sent again', async () => {
    await populate();
    const [lost, told] = [...first().has.keys()];
    await cutAll();
    await root.remove(lost as string);
    await healAll();
    await root.becomes(lost as string, i => i === null);
    assert.equal(first().has.has(lost as string), false);
    first().obeys = 'silent';
    await root.remove(told as string);
    await settled();
    await cutAll();
    first().obeys = 'yes';
    await healAll();
    await root.becomes(told as string, i => i === null);
    await nothingToSay();
  });

  test('a Place that was lost is sent again', async () => {
    await populate();
    for (const site of sites) site.obeys = 'silent';
    const id = await root.instance(services[0]);
    await root.becomesStatus(id, 'CLUSTER_SCHEDULED');
    await settled();
    await cutAll();
    for (const site of sites) site.obeys = 'yes';
    await healAll();
    for (const { heard } of sites)
      assert.ok(!heard.includes('send_list'), 'its digest says that it has not got it');
    await root.becomesStatus(id, 'RUNNING');
    await settled();
    await nothingToSay();
  });

  test('what happened meanwhile is listed by the one cluster where it did', async () => {
    await populate();
    await cutAll();
    const id = anIdOf(first());
    first().has.set(id, {
      ...(first().has.get(id) as InstanceReport),
      status: 'FAILED',
      status_detail: 'exit code 3',
    });
    await healAll();
    assert.deepEqual((await root.stored(id)).status_detail, 'exit code 3');
    assert.deepEqual(
      sites.map(({ heard }) => heard.includes('send_list')),
      [true, false, false],
    );
    for (const { heard } of sites) assert.ok(!heard.includes('place') && !heard.includes('remove'));
    await nothingToSay();
  });

  test('what has ended, and is lost there, is listed once', async () => {
    await populate();
    const site = first();
    const id = anIdOf(site);
    site.happen(id, { status: 'COMPLETED' });
    await root.becomesStatus(id, 'COMPLETED');
    await settled();
    await cutAll();
    site.has.delete(id);
    await healAll();
    assert.ok(site.heard.includes('send_list') && !site.heard.includes('place'), site.heard.join());
    await nothingToSay();
    assert.equal((await root.collections.instances.get(id))?.status, 'COMPLETED');
  });

  test('a table that differs is told as a whole, to that cluster only', async () => {
    await populate();
    await cutAll();
    const name = services[0]?.job_name as string;
    first().table.delete(name);
    await healAll();
    assert.ok(first().table.has(name));
    assert.deepEqual(
      sites.map(({ heard }) => heard.filter(body => body === 'table_entry').length),
      [5, 0, 0],
    );
    await nothingToSay();
  });

  test('a service that went meanwhile is not believed in any more', async () => {
    await populate();
    await cutAll();
    await root.removeService(services[0]);
    await healAll();
    await root.pass(1000);
    await settled();
    for (const site of sites) assert.equal(site.table.has(services[0]?.job_name as string), false);
    assert.equal((await root.collections.instances.find()).length, 40);
    await nothingToSay();
  });
});

test('subnets count: what only one side knows is listed, doubted and freed by the root', async () => {
  const [site] = sites as [HonestSite];
  const claim = async (worker_id: string) => {
    site.client.send({ subnet_claim: { claim_id: worker_id, worker_id } });
    return (await site.client.next('subnet_grant')).subnet;
  };
  const [kept, lost] = ['c'.repeat(24), 'd'.repeat(24)];
  site.subnets.push({ worker_id: kept, subnet: await claim(kept) });
  await claim(lost);
  const owners = async () =>
    (await root.collections.claims.find()).filter(({ id }) => id.startsWith('subnet/')).map(c => c.owner);
  assert.equal((await owners()).length, 2);
  await site.cut(root);
  await site.connect(root);
  await root.pass(599_000, 10_000);
  assert.equal((await owners()).length, 2);
  await root.pass(2000);
  assert.deepEqual(await owners(), [`worker/${site.clusterId}/${kept}`]);
  await site.cut(root);
  site.forget();
  await site.connect(root);
  assert.deepEqual(site.heard, ['welcome']);
});
