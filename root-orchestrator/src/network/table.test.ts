import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Coordinated, coordinated } from '../clusters/testing/coordinated.ts';
import { type LinkClient, report } from '../clusters/testing/link-client.ts';
import type { Service } from '../model.ts';
import { microservice } from '../testing/slas.ts';

const W1 = 'a'.repeat(24);

let root: Coordinated;
let east: LinkClient;
let west: LinkClient;
let web: Service | undefined;
let db: Service | undefined;
let web0: string;

/** `web` runs in the east, `db` in the west; both are of one application. */
beforeEach(async () => {
  root = await coordinated();
  [east, west] = [await root.cluster('east'), await root.cluster('west')];
  [web, db] = await root.application(
    'shop',
    microservice('web', { constraints: [{ type: 'direct', cluster: 'east', node: '' }] }),
    microservice('db', { constraints: [{ type: 'direct', cluster: 'west', node: '' }] }),
  );
  web0 = await run(east, web);
});
afterEach(() => root.stop());

async function run(cluster: LinkClient, service: Service | undefined, fields = {}): Promise<string> {
  const id = await root.instance(service);
  const place = await cluster.next('place');
  cluster.accept(place, W1);
  cluster.report(report(place, fields));
  await root.becomesStatus(id, 'RUNNING');
  await cluster.settled();
  return id;
}

/** All entries that came since the last call, by job name. */
async function entries(cluster: LinkClient) {
  await cluster.settled();
  const found = new Map<string, { addresses: string[]; removed: boolean; times: number }>();
  while (cluster.heard('table_entry').length > 0) {
    const entry = await cluster.next('table_entry');
    const times = (found.get(entry.job_name)?.times ?? 0) + 1;
    const addresses = entry.instances.map(i => i.namespace_ip);
    found.set(entry.job_name, { addresses, removed: entry.removed, times });
  }
  return Object.fromEntries(found);
}

const nothing = { addresses: [], removed: false, times: 1 };

describe('the table', () => {
  test('of an application goes to a cluster before its first instance', async () => {
    await entries(east);
    assert.deepEqual(await entries(west), {});
    await root.instance(db);
    await west.next('place');
    assert.deepEqual(await entries(west), {
      'shop.test.web.test': { addresses: ['10.18.0.2'], removed: false, times: 1 },
      'shop.test.db.test': nothing,
    });
  });

  test('goes again to a cluster that had left the application', async () => {
    const id = await run(west, db);
    const stored = await root.stored(id);
    await root.remove(id);
    const place = placeOf(stored.service_id, stored.instance_number, stored.generation);
    west.report(report(place, { status: 'UNDEPLOYED' }));
    await root.becomes(id, instance => instance === null);
    await entries(west);
    await root.instance(db);
    await west.next('place');
    assert.deepEqual(Object.keys(await entries(west)).sort(), ['shop.test.db.test', 'shop.test.web.test']);
  });

  test('tells all that is needed to reach a service', async () => {
    await root.instance(db);
    await west.next('place');
    const told = [await west.next('table_entry'), await west.next('table_entry')];
    const entry = told.find(e => e.job_name === 'shop.test.web.test');
    const stored = await root.stored(web0);
    assert.deepEqual(entry, {
      job_name: 'shop.test.web.test',
      application_id: web?.application_id,
      service_ip: web?.service_ip,
      removed: false,
      instances: [
        {
          instance_number: 0,
          instance_ip: stored.instance_ip,
          namespace_ip: '10.18.0.2',
          host_ip: '192.0.2.1',
          host_port: 50103,
          worker_id: W1,
          worker_subnet: '10.18.0.0',
          cluster_id: east.clusterId,
        },
      ],
    });
  });

  test('is pushed to other clusters of the application when something in it changes', async () => {
    await run(west, db, { namespace_ip: '10.18.1.2' });
    await entries(east);
    await entries(west);
    await run(east, web, { namespace_ip: '10.18.0.3' });
    assert.deepEqual(await entries(west), {
      'shop.test.web.test': { addresses: ['10.18.0.2', '10.18.0.3'], removed: false, times: 1 },
    });
    assert.deepEqual(await entries(east), {}, 'its own instances a cluster knows best');
    await root.remove(web0);
    assert.deepEqual(
      await entries(west),
      { 'shop.test.web.test': { addresses: ['10.18.0.3'], removed: false, times: 1 } },
      'from the moment that its removal is wanted',
    );
  });

  test('is not pushed to clusters without an instance of the application', async () => {
    const north = await root.cluster('north');
    await run(west, db);
    assert.deepEqual(await entries(north), {});
  });

  test('is not pushed when only usage changed', async () => {
    const id = await run(west, db);
    await entries(east);
    const { service_id, instance_number, generation } = await root.stored(id);
    const usage = { cpu_percent: '5', namespace_ip: '10.18.0.2' };
    west.report({ ...report(placeOf(service_id, instance_number, generation)), ...usage });
    await root.becomes(id, i => i?.cpu_percent === '5');
    assert.deepEqual(await entries(east), {});
  });

  test('is told in full after a Hello', async () => {
    await run(west, db, { namespace_ip: '10.18.1.2' });
    const stored = await root.stored(web0);
    east.close();
    await east.ended;
    const place = placeOf(stored.service_id, 0, stored.generation);
    const back = await root.cluster('east', [report(place)]);
    assert.deepEqual(await entries(back), {
      'shop.test.web.test': { addresses: ['10.18.0.2'], removed: false, times: 1 },
      'shop.test.db.test': { addresses: ['10.18.1.2'], removed: false, times: 1 },
    });
  });

  test('says that a service is gone, whether it had instances or not', async () => {
    await run(west, db);
    await entries(east);
    await entries(west);
    await root.removeService(web);
    assert.deepEqual(await entries(west), {
      'shop.test.web.test': { addresses: [], removed: true, times: 1 },
    });
    await root.removeService(db);
    assert.deepEqual((await entries(east))['shop.test.db.test'], { addresses: [], removed: true, times: 1 });
  });
});

describe('a table query', () => {
  const ask = async (query: { service_ip?: string; job_name?: string }) => {
    await entries(west);
    west.send({ table_query: { service_ip: '', job_name: '', ...query } });
    return west.next('table_entry');
  };

  test('is answered by service IP, instance IP and job name', async () => {
    const { instance_ip } = await root.stored(web0);
    for (const query of [
      { service_ip: web?.service_ip ?? '' },
      { service_ip: instance_ip },
      { job_name: 'shop.test.web.test' },
    ]) {
      const entry = await ask(query);
      assert.equal(entry.job_name, 'shop.test.web.test');
      assert.deepEqual(
        entry.instances.map(i => i.namespace_ip),
        ['10.18.0.2'],
      );
    }
  });

  test('for what does not exist has no instances', async () => {
    for (const query of [{ service_ip: '10.30.99.99' }, { job_name: 'a.b.c.d' }, { service_ip: 'x' }]) {
      const entry = await ask(query);
      assert.deepEqual([entry.instances, entry.removed], [[], true]);
      assert.equal(entry.service_ip, query.service_ip ?? '');
    }
  });

  test('makes later changes of that service heard', async () => {
    await ask({ service_ip: web?.service_ip ?? '' });
    await run(east, web, { namespace_ip: '10.18.0.3' });
    assert.deepEqual(Object.keys(await entries(west)), ['shop.test.web.test']);
  });
});

describe('a worker subnet', () => {
  const worker = (digit: string) => digit.repeat(24);
  const claim = async (cluster: LinkClient, worker_id: string) => {
    cluster.send({ subnet_claim: { claim_id: `r${worker_id}`, worker_id } });
    const grant = await cluster.next('subnet_grant');
    assert.equal(grant.claim_id, `r${worker_id}`);
    return grant;
  };

  test('is granted, the same again, freed, and rests', async () => {
    assert.equal((await claim(east, worker('1'))).subnet, '10.18.0.0');
    assert.equal((await claim(east, worker('2'))).subnet, '10.18.0.64');
    assert.equal((await claim(west, worker('1'))).subnet, '10.18.0.128');
    assert.equal((await claim(east, worker('1'))).subnet, '10.18.0.0');
    east.send({ subnet_release: { worker_id: worker('1') } });
    assert.equal((await claim(east, worker('3'))).subnet, '10.18.0.192');
    assert.equal(await root.collections.claims.get('subnet/10.18.0.0'), null);
  });

  test('is refused with a reason', async () => {
    const grant = await claim(east, 'nobody');
    assert.equal(grant.subnet, '');
    assert.match(grant.error, /"nobody" is not 24 hex digits/);
  });
});

function placeOf(service_id: string, instance_number: number, generation: number) {
  const service = { service_id } as never;
  return { attempt_id: '', request_id: '', service, instance_number, instance_ip: '', generation, epoch: 0 };
}
