import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { altered } from '../clusters/testing/altered.ts';
import { type Coordinated, coordinated } from '../clusters/testing/coordinated.ts';
import { type LinkClient, makeHello, report } from '../clusters/testing/link-client.ts';
import type { Service } from '../model.ts';

let root: Coordinated;
let site: LinkClient;
let service: Service | undefined;
/** Makes the next look-ups of instances fail. */
let broken: boolean;

beforeEach(async () => {
  broken = false;
  root = await coordinated({
    wrap: collections => ({
      ...collections,
      instances: altered(collections.instances, {
        get: id => (broken ? Promise.reject(new Error('disk')) : collections.instances.get(id)),
      }),
    }),
  });
  site = await root.cluster('site1');
  [service] = await root.application('shop', 'web');
});
afterEach(() => root.stop());

async function running(fields = {}) {
  const id = await root.instance(service);
  const place = await site.next('place');
  site.accept(place);
  site.report(report(place, fields));
  await root.becomesStatus(id, 'RUNNING');
  return { id, place };
}

async function reconnect(...instances: ReturnType<typeof report>[]): Promise<LinkClient> {
  site.close();
  await site.ended;
  return root.cluster('site1', instances);
}

describe('a Hello', () => {
  test('that lists what is wanted changes nothing', async () => {
    const { id, place } = await running();
    const before = await root.stored(id);
    const back = await reconnect(report(place));
    assert.deepEqual(await root.stored(id), before);
    assert.equal(back.heard('place').length + back.heard('remove').length, 0);
  });

  test('brings statuses that changed meanwhile', async () => {
    const { id, place } = await running();
    await reconnect(report(place, { epoch: 2, status: 'FAILED', status_detail: 'exit code 3', logs: 'oh' }));
    const stored = await root.stored(id);
    assert.deepEqual([stored.status, stored.status_detail, stored.logs], ['FAILED', 'exit code 3', 'oh']);
  });

  test('that lacks an instance gets it placed again, and epochs go on', async () => {
    const { id } = await running({ epoch: 7 });
    const back = await reconnect();
    const place = await back.next('place');
    const replaced = await root.stored(id);
    assert.deepEqual([replaced.status, replaced.worker_id, replaced.epoch], ['CLUSTER_SCHEDULED', '', 7]);
    assert.equal(place.epoch, 7, 'the cluster is to place it with a higher one');
    back.accept(place);
    back.report(report(place, { epoch: 7, status: 'FAILED' }), report(place, { epoch: 8 }));
    await root.becomesStatus(id, 'RUNNING');
  });

  test('that lacks a completed one-shot does not run it again', async () => {
    const { id, place } = await running();
    site.report(report(place, { status: 'COMPLETED' }));
    await root.becomesStatus(id, 'COMPLETED');
    const back = await reconnect();
    await back.settled();
    assert.equal(back.heard('place').length, 0);
    assert.equal((await root.stored(id)).status, 'COMPLETED');
  });

  test('that lists what nobody wants gets it removed', async () => {
    const { place } = await running();
    const unknown = report(place, { instance_number: 99 });
    const back = await reconnect(report(place), unknown);
    assert.equal((await back.next('remove')).instance_number, 99);
    await back.settled();
    assert.equal(back.heard('remove').length, 0);
  });

  test('that lists what another cluster has gets it removed', async () => {
    const { id, place } = await running();
    const other = await root.cluster('other', [report(place)]);
    assert.equal((await other.next('remove')).instance_number, place.instance_number);
    assert.equal((await root.stored(id)).cluster_id, site.clusterId);
    other.report(report(place, { status: 'UNDEPLOYED' }));
    await other.settled();
    assert.equal((await root.stored(id)).status, 'RUNNING');
  });

  test('that lists what waits for a cluster settles it', async () => {
    site.aggregate({ active_nodes: 0 });
    await site.settled();
    const id = await root.instance(service);
    const waiting = await root.becomesStatus(id, 'NoActiveClusterWithCapacity');
    const held = { service_id: waiting.service_id, instance_number: waiting.instance_number };
    const back = await reconnect({
      ...report({
        attempt_id: '',
        request_id: '',
        service: { service_id: held.service_id } as never,
        instance_number: held.instance_number,
        instance_ip: '',
        generation: waiting.generation,
        epoch: 0,
      }),
    });
    const stored = await root.becomesStatus(id, 'RUNNING');
    assert.equal(stored.cluster_id, back.clusterId);
    assert.equal(back.heard('place').length + back.heard('remove').length, 0);
  });

  test('with an older generation gets the newer specification', async () => {
    const { id, place } = await running();
    await root.collections.instances.replace(
      { ...(await root.stored(id)), generation: place.generation + 1 },
      (await root.stored(id)).revision,
    );
    site.close();
    await site.ended;
    const back = await root.cluster('site1', [report(place)]);
    assert.equal((await back.next('place')).generation, place.generation + 1);
    assert.equal((await root.stored(id)).status, 'RUNNING');
  });

  test('met by a failing store removes nothing: the stream ends and the next Hello is heard', async () => {
    const { id, place } = await running();
    site.close();
    await site.ended;
    broken = true;
    const unlucky = root.dial('site1');
    const instances = [report(place), report(place, { instance_number: 99 })];
    unlucky.send({
      hello: makeHello('site1', { instances }),
    });
    const { code, details } = await unlucky.ended;
    assert.equal(code, status.UNAVAILABLE);
    assert.match(details, /disk/);
    assert.equal(unlucky.heard('remove').length, 0);
    broken = false;
    const back = await root.cluster('site1', instances);
    assert.equal((await back.next('remove')).instance_number, 99);
    assert.equal((await root.stored(id)).status, 'RUNNING');
  });
});

describe('a report', () => {
  test('of an older epoch does not overwrite a newer one', async () => {
    const { id, place } = await running({ epoch: 3 });
    site.report(report(place, { epoch: 2, status: 'FAILED' }));
    await site.settled();
    assert.equal((await root.stored(id)).status, 'RUNNING');
    site.report(report(place, { epoch: 4, status: 'CREATING' }));
    await root.becomesStatus(id, 'CREATING');
  });

  test('that says nothing new costs no write; usage and time are kept', async () => {
    const { id, place } = await running();
    const before = await root.stored(id);
    root.clock.advance(3000);
    site.report(report(place), report(place));
    await site.settled();
    assert.equal((await root.stored(id)).revision, before.revision);
    site.report(report(place, { cpu_percent: '1.5', memory_percent: '2.5', disk: '7', logs: 'hello' }));
    const after = await root.becomes(id, i => i?.cpu_percent === '1.5');
    assert.deepEqual([after?.memory_percent, after?.disk, after?.logs], ['2.5', '7', 'hello']);
    assert.equal(after?.last_modified_timestamp, root.clock.now() / 1000);
    assert.equal(after?.revision, before.revision + 1);
  });

  test('that makes no sense does not keep the others from being heard', async () => {
    const { id, place } = await running();
    site.report(report(place, { status: 'SINGING' }), report(place, { status: 'FAILED' }));
    await root.becomesStatus(id, 'FAILED');
  });

  test('of what the cluster should not have gets it removed', async () => {
    const { place } = await running();
    const other = await root.cluster('other');
    other.report(report(place));
    assert.equal((await other.next('remove')).instance_number, place.instance_number);
  });

  test('that a wanted instance was given up places it anew', async () => {
    const { id, place } = await running();
    site.report(report(place, { status: 'UNDEPLOYED' }));
    const again = await site.next('place');
    assert.equal(again.instance_number, place.instance_number);
    site.accept(again);
    await root.becomesStatus(id, 'NODE_SCHEDULED');
  });
});
