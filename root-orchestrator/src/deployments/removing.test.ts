import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { altered } from '../clusters/testing/altered.ts';
import { type Coordinated, coordinated } from '../clusters/testing/coordinated.ts';
import { type LinkClient, report } from '../clusters/testing/link-client.ts';
import type { Service } from '../model.ts';

let root: Coordinated;
let site: LinkClient;
let service: Service | undefined;
/** Claims cannot be freed while it is set. */
let stuck: boolean;
/** What looking up the services of an application waits for. */
let gate: Promise<void> | undefined;

beforeEach(async () => {
  gate = undefined;
  stuck = false;
  root = await coordinated({
    wrap: collections => ({
      ...collections,
      claims: altered(collections.claims, {
        remove: (id, revision) =>
          stuck ? Promise.reject(new Error('disk')) : collections.claims.remove(id, revision),
      }),
      services: altered(collections.services, {
        async find(filter) {
          if (filter?.application_id !== undefined) await gate;
          return collections.services.find(filter);
        },
      }),
    }),
  });
  site = await root.cluster('site1');
  [service] = await root.application('shop', 'web');
});
afterEach(() => root.stop());

const addressesOf = async (id: string) =>
  (await root.collections.claims.find({ owner: `instance/${id}` })).map(claim => claim.id);

async function running() {
  const id = await root.instance(service);
  const place = await site.next('place');
  site.accept(place);
  site.report(report(place));
  await root.becomesStatus(id, 'RUNNING');
  return { id, place };
}

describe('an instance that is not wanted any more', () => {
  test('is removed by its cluster; then its document and its address go', async () => {
    const { id, place } = await running();
    assert.equal((await addressesOf(id)).length, 1);
    await root.remove(id);
    assert.deepEqual(await site.next('remove'), {
      service_id: place.service.service_id,
      instance_number: place.instance_number,
      request_id: '',
    });
    assert.equal((await root.stored(id)).desired, 'gone');
    assert.equal((await addressesOf(id)).length, 1);
    site.report(report(place, { status: 'UNDEPLOYED' }));
    await root.becomes(id, instance => instance === null);
    await site.settled();
    assert.deepEqual(await addressesOf(id), []);
  });

  test('goes at once when no cluster has it', async () => {
    site.aggregate({ active_nodes: 0 });
    await site.settled();
    const id = await root.instance(service);
    await root.becomesStatus(id, 'NoActiveClusterWithCapacity');
    await root.remove(id);
    await root.becomes(id, instance => instance === null);
    await site.settled();
    assert.deepEqual(await addressesOf(id), []);
  });

  test('is asked for again every 10 s', async () => {
    const { id } = await running();
    await root.remove(id);
    await site.next('remove');
    root.clock.advance(10_000);
    await site.next('remove');
  });

  test('outlives its service until its cluster is back', async () => {
    const { id, place } = await running();
    site.close();
    await site.ended;
    await root.removeService(service);
    assert.equal((await root.stored(id)).desired, 'gone');
    const back = await root.cluster('site1', [report(place)]);
    await back.next('remove');
    back.report(report(place, { status: 'UNDEPLOYED' }));
    await root.becomes(id, instance => instance === null);
  });

  test('and that its cluster has forgotten is gone with the next Hello', async () => {
    const { id } = await running();
    site.close();
    await site.ended;
    await root.remove(id);
    const back = await root.cluster('site1');
    await root.becomes(id, instance => instance === null);
    assert.equal(back.heard('place').length, 0);
    assert.deepEqual(await addressesOf(id), []);
  });

  test('before its cluster was asked is not placed any more', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    const id = await root.instance(service);
    await site.settled();
    await root.remove(id);
    resolve();
    await root.becomes(id, instance => instance === null);
    await site.settled();
    assert.equal(site.heard('place').length, 0);
  });

  test('while its cluster is being asked goes when that refuses', async () => {
    const id = await root.instance(service);
    const place = await site.next('place');
    await root.remove(id);
    await site.next('remove');
    site.refuse(place);
    await root.becomes(id, instance => instance === null);
  });

  test('while its cluster is being asked goes when that has removed what it had just accepted', async () => {
    const id = await root.instance(service);
    const place = await site.next('place');
    await root.remove(id);
    await site.next('remove');
    site.accept(place);
    await site.settled();
    assert.equal((await root.stored(id)).desired, 'gone');
    site.report(report(place, { status: 'UNDEPLOYED' }));
    await root.becomes(id, instance => instance === null);
  });

  test('whose address could not be freed loses it a little later', async () => {
    const { id, place } = await running();
    await root.remove(id);
    stuck = true;
    site.report(report(place, { status: 'UNDEPLOYED' }));
    await root.becomes(id, instance => instance === null);
    await site.settled();
    assert.equal((await addressesOf(id)).length, 1);
    stuck = false;
    root.clock.advance(10_000);
    await site.settled();
    assert.deepEqual(await addressesOf(id), []);
  });
});
