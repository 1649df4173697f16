import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { silentLogger } from '@hedgerow/common';
import { type Coordinated, coordinated } from '../clusters/testing/coordinated.ts';
import { report } from '../clusters/testing/link-client.ts';
import { microservice } from '../testing/slas.ts';

let root: Coordinated;
beforeEach(async () => {
  root = await coordinated();
});
afterEach(() => root.stop());

const web = microservice('web', { vcpus: 1, memory: 100, port: '80', environment: ['A=B'], cmd: ['sh'] });

describe('an instance', () => {
  test('is placed with all that its cluster needs, and accepted', async () => {
    const site = await root.cluster('site1');
    const [service] = await root.application('shop', web);
    const id = await root.instance(service);
    const place = await site.next('place');
    const stored = await root.stored(id);
    assert.equal(`${place.service.service_id}/${place.instance_number}`, id);
    assert.equal(place.instance_ip, stored.instance_ip);
    assert.equal(place.generation, stored.generation);
    assert.deepEqual(
      { ...place.service, service_id: '', application_id: '' },
      {
        service_id: '',
        job_name: 'shop.test.web.test',
        application_id: '',
        app_name: 'shop',
        app_ns: 'test',
        service_name: 'web',
        service_ns: 'test',
        service_ip: service?.service_ip,
        image: 'hedgerow/demo:1',
        cmd: ['sh'],
        environment: ['A=B'],
        port: '80',
        virtualization: 'docker',
        memory: 100,
        vcpus: 1,
        vgpus: 0,
        storage: 0,
        one_shot: false,
        privileged: false,
        constraints: [],
        arch: [],
        restart: null,
        health_check: null,
      },
    );
    assert.deepEqual([stored.status, stored.cluster_id], ['CLUSTER_SCHEDULED', site.clusterId]);
    site.accept(place, 'b'.repeat(24));
    const accepted = await root.becomesStatus(id, 'NODE_SCHEDULED');
    assert.equal(accepted.worker_id, 'b'.repeat(24));
  });

  test('whose report overtakes the answer does not move backwards', async () => {
    const site = await root.cluster('site1');
    const [service] = await root.application('shop', web);
    const id = await root.instance(service);
    const place = await site.next('place');
    site.report(report(place));
    site.accept(place);
    await site.settled();
    const stored = await root.stored(id);
    assert.equal(stored.status, 'RUNNING');
    assert.equal(stored.namespace_ip, '10.18.0.2');
  });

  test('that runs is not taken for refused by a late answer', async () => {
    const site = await root.cluster('site1');
    const other = await root.cluster('other');
    other.aggregate({ free_vcpus: 4 });
    await other.settled();
    const [service] = await root.application('shop', web);
    const id = await root.instance(service);
    const place = await site.next('place');
    site.report(report(place));
    site.refuse(place);
    await site.settled();
    assert.deepEqual([(await root.stored(id)).status, other.heard('place').length], ['RUNNING', 0]);
  });

  test('that its cluster told of and then refused goes to the next best cluster', async () => {
    const best = await root.cluster('best');
    const other = await root.cluster('other');
    other.aggregate({ free_vcpus: 4 });
    await other.settled();
    const [service] = await root.application('shop', web);
    const id = await root.instance(service);
    const place = await best.next('place');
    best.report(report(place, { status: 'NODE_SCHEDULED', namespace_ip: '' }));
    best.refuse(place);
    other.accept(await other.next('place'));
    await other.settled();
    assert.equal((await root.stored(id)).cluster_id, other.clusterId);
  });

  test('that is refused goes to the next best cluster', async () => {
    const best = await root.cluster('best');
    const other = await root.cluster('other');
    other.aggregate({ free_vcpus: 4 });
    await other.settled();
    const [service] = await root.application('shop', web);
    const id = await root.instance(service);
    best.refuse(await best.next('place'));
    other.accept(await other.next('place'));
    const stored = await root.becomesStatus(id, 'NODE_SCHEDULED');
    assert.equal(stored.cluster_id, other.clusterId);
    await best.settled();
    assert.equal(best.heard('place').length, 0);
  });

  test('that all refuse keeps the last reason and is tried again every 10 s', async () => {
    const site = await root.cluster('site1');
    const [service] = await root.application('shop', web);
    const id = await root.instance(service);
    site.refuse(await site.next('place'), 'no worker has 1 vcpus free');
    const refused = await root.becomesStatus(id, 'NO_WORKER_CAPACITY');
    assert.equal(refused.status_detail, 'cluster site1: no worker has 1 vcpus free');
    assert.equal(refused.cluster_id, '');
    root.clock.advance(9_999);
    await site.settled();
    assert.equal(site.heard('place').length, 0);
    root.clock.advance(1);
    site.accept(await site.next('place'));
    await root.becomesStatus(id, 'NODE_SCHEDULED');
  });

  test('that fits nowhere says why, and is not written again while that stays so', async () => {
    const site = await root.cluster('site1');
    const [service] = await root.application('shop', microservice('web', { vcpus: 99 }));
    const id = await root.instance(service);
    const stored = await root.becomesStatus(id, 'NoActiveClusterWithCapacity');
    assert.match(stored.status_detail, /0 have a worker with 99 vcpus free; at most 8 vcpus/);
    root.clock.advance(10_000);
    await site.settled();
    assert.equal((await root.stored(id)).revision, stored.revision);
  });

  test('of a named cluster that nobody knows is TargetClusterNotFound until it comes', async () => {
    const constraints = [{ type: 'direct', cluster: 'late', node: 'w1' }];
    const [service] = await root.application('shop', microservice('web', { constraints }));
    const id = await root.instance(service);
    await root.becomesStatus(id, 'TargetClusterNotFound');
    const late = await root.cluster('late');
    const place = await late.next('place');
    assert.deepEqual(place.service.constraints, constraints);
    late.accept(place);
    await root.becomesStatus(id, 'NODE_SCHEDULED');
  });
});

describe('a waiting instance is tried again', () => {
  async function waiting(): Promise<string> {
    const [service] = await root.application('shop', microservice('web', { memory: 1000 }));
    const id = await root.instance(service);
    await root.becomes(id, instance => instance?.status !== 'REQUESTED');
    return id;
  }

  test('when a cluster connects', async () => {
    const before = await root.cluster('site1');
    before.close();
    await before.ended;
    const id = await waiting();
    const site = await root.cluster('site1');
    site.accept(await site.next('place'));
    await root.becomesStatus(id, 'NODE_SCHEDULED');
  });

  test('when an aggregate grew, and not when it did not', async () => {
    const site = await root.cluster('site1');
    site.aggregate({ largest_free_memory: 10 });
    await site.settled();
    const id = await waiting();
    site.aggregate({ largest_free_memory: 9 });
    await site.settled();
    assert.equal(site.heard('place').length, 0);
    site.aggregate({ largest_free_memory: 1000 });
    site.accept(await site.next('place'));
    await root.becomesStatus(id, 'NODE_SCHEDULED');
  });

  test('when another instance was removed', async () => {
    const site = await root.cluster('site1');
    const [other] = await root.application('other', web);
    const occupant = await root.instance(other);
    const place = await site.next('place');
    site.accept(place);
    const id = await waiting();
    site.refuse(await site.next('place'));
    await root.becomesStatus(id, 'NO_WORKER_CAPACITY');
    await root.remove(occupant);
    await site.next('remove');
    site.report(report(place, { status: 'UNDEPLOYED' }));
    site.accept(await site.next('place'));
    await root.becomesStatus(id, 'NODE_SCHEDULED');
  });
});

describe('a cluster that does not answer', () => {
  test('is asked again every 5 s under the same request id, and people are told after 15 s', async () => {
    const site = await root.cluster('site1');
    const other = await root.cluster('other');
    other.aggregate({ free_vcpus: 4 });
    await other.settled();
    const [service] = await root.application('shop', web);
    const id = await root.instance(service);
    const { attempt_id } = await site.next('place');
    for (let round = 1; round <= 3; round += 1) {
      root.clock.advance(5000);
      assert.equal((await site.next('place')).attempt_id, attempt_id);
    }
    await root.becomes(id, i => /site1 has not answered for 15 s/.test(i?.status_detail ?? ''));
    await other.settled();
    assert.equal(other.heard('place').length, 0, 'it may have accepted: nobody else is asked');
  });

  test('and is lost keeps the instance until its Hello tells, within the grace', async () => {
    const site = await root.cluster('site1');
    const other = await root.cluster('other');
    other.aggregate({ free_vcpus: 4 });
    await other.settled();
    const [service] = await root.application('shop', web);
    const id = await root.instance(service);
    const place = await site.next('place');
    site.close();
    await root.becomesDisconnected(site.clusterId);
    root.clock.advance(59_999);
    await other.settled();
    assert.match(
      (await root.stored(id)).status_detail,
      /^cluster site1 is out of reach since .*; waited for/,
    );
    assert.equal(other.heard('place').length, 0);

    const back = await root.cluster('site1', [report(place)]);
    assert.equal((await root.stored(id)).status, 'RUNNING');
    assert.equal(back.heard('place').length, 0);
    assert.equal(back.heard('remove').length, 0);
    assert.equal(other.heard('place').length, 0);
  });

  test('and comes back without the instance is asked again; exactly one copy', async () => {
    const site = await root.cluster('site1');
    const [service] = await root.application('shop', web);
    const id = await root.instance(service);
    await site.next('place');
    site.close();
    await site.ended;
    const back = await root.cluster('site1');
    const place = await back.next('place');
    back.accept(place);
    await root.becomesStatus(id, 'NODE_SCHEDULED');
    await back.settled();
    assert.equal(back.heard('place').length, 0);
  });

  test('and comes back without it and without room gives it to the next best', async () => {
    const site = await root.cluster('site1');
    const [service] = await root.application('shop', web);
    const id = await root.instance(service);
    await site.next('place');
    site.close();
    await site.ended;
    const other = await root.cluster('other');
    const back = await root.cluster('site1');
    back.refuse(await back.next('place'));
    other.accept(await other.next('place'));
    const stored = await root.becomesStatus(id, 'NODE_SCHEDULED');
    assert.equal(stored.cluster_id, other.clusterId);
  });
});

describe('an instance whose cluster lost the worker and has no other', () => {
  const stranded = (place: Parameters<typeof report>[0]) =>
    report(place, { status: 'NO_WORKER_CAPACITY', status_detail: 'worker w1 is lost', worker_id: '' });

  test('stays while no other cluster could take it', async () => {
    const site = await root.cluster('site1');
    const [service] = await root.application('shop', web);
    const id = await root.instance(service);
    const place = await site.next('place');
    site.accept(place);
    site.report(report(place), stranded(place));
    await root.becomesStatus(id, 'NO_WORKER_CAPACITY');
    root.clock.advance(10_000);
    await site.settled();
    assert.equal(site.heard('place').length, 0);
  });

  test('moves when another cluster can, after its own has given it up', async () => {
    const site = await root.cluster('site1');
    const [service] = await root.application('shop', web);
    const id = await root.instance(service);
    const place = await site.next('place');
    site.accept(place);
    site.report(report(place));
    site.report(stranded(place));
    await root.becomesStatus(id, 'NO_WORKER_CAPACITY');
    const other = await root.cluster('other');
    const again = await site.next('place');
    assert.equal(other.heard('place').length, 0);
    site.refuse(again);
    other.accept(await other.next('place'));
    const stored = await root.becomesStatus(id, 'NODE_SCHEDULED');
    assert.equal(stored.cluster_id, other.clusterId);
  });
});

test('what was requested before a restart of the root is placed after it', async () => {
  const [service] = await root.application('shop', web);
  const id = await root.instance(service);
  await root.becomes(id, instance => instance?.status !== 'REQUESTED');
  await root.coordination.stop();
  const again = await coordinated({ store: root.store });
  try {
    const site = await again.cluster('site1');
    site.accept(await site.next('place'));
    await again.becomesStatus(id, 'NODE_SCHEDULED');
  } finally {
    await again.stop();
  }
});

test('a restart between Place and answer does not make a second copy', async () => {
  const site = await root.cluster('site1');
  const [service] = await root.application('shop', web);
  const id = await root.instance(service);
  const place = await site.next('place');
  await root.coordination.stop();
  const again = await coordinated({ store: root.store });
  try {
    const other = await again.cluster('other');
    again.clock.advance(59_999);
    await other.settled();
    assert.equal(other.heard('place').length, 0);
    const back = await again.cluster('site1', [report(place)]);
    await back.settled();
    assert.equal((await again.stored(id)).status, 'RUNNING');
  } finally {
    await again.stop();
  }
});

for (const memory of [50, 0])
  test(`a burst of 100 of ${memory} MiB spreads over two clusters, within milliseconds each`, async () => {
    const [a, b] = [await root.cluster('a'), await root.cluster('b')];
    const [service] = await root.application('shop', microservice('web', { memory }));
    const began = performance.now();
    const ids = await Promise.all(Array.from({ length: 100 }, () => root.instance(service)));
    await Promise.all(ids.map(id => root.becomesStatus(id, 'CLUSTER_SCHEDULED')));
    const took = performance.now() - began;
    await Promise.all([a.settled(), b.settled()]);
    const counts = [a.heard('place').length, b.heard('place').length];
    assert.deepEqual(counts, [50, 50]);
    assert.ok(took < 2000, `${took} ms`);
  });

test('an instance that waits has one line in the log for each reason, not for each try', async () => {
  const lines: string[] = [];
  const info = (fields: object, message: string) => {
    if (/takes the instance/.test(message)) lines.push((fields as { detail: string }).detail);
  };
  const talking = await coordinated({ log: { ...silentLogger, info } });
  try {
    const site = await talking.cluster('site1');
    const [service] = await talking.application('shop', web);
    await talking.instance(service);
    for (const reason of ['no worker has 4 vcpus', 'no worker has 4 vcpus', 'no worker is left']) {
      site.refuse(await site.next('place'), reason);
      await site.settled();
      talking.clock.advance(10_000);
    }
    assert.deepEqual(lines, ['cluster site1: no worker has 4 vcpus', 'cluster site1: no worker is left']);
  } finally {
    await talking.stop();
  }
});
