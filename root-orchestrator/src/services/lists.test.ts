import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openSqlite, type Store } from '@hedgerow/common';
import { manualClock } from '@hedgerow/common/testing';
import { noAggregate } from '../clusters/aggregate.ts';
import { startTestRoot, type TestRoot } from '../testing/root.ts';
import { microservice, sla } from '../testing/slas.ts';
import { MOST_POINTS } from './usage.ts';

interface Shown {
  applicationID: string;
  application_name: string;
  microserviceID: string;
  microservice_name: string;
  status: string;
  instance_list: { status: string; cluster_location: string; cpu_history: object[] }[];
}

const clock = manualClock();
let root: TestRoot;
let token: string;

before(async () => {
  root = await startTestRoot({ clock });
  token = await root.login();
  for (const name of ['alpha', 'beta', 'gamma']) {
    await root.call('POST', '/api/application', sla(name, microservice('web'), microservice('db')), token);
    clock.advance(1000);
  }
});
after(() => root.stop());

const get = async (path: string, as = token): Promise<Shown[]> =>
  (await root.call('GET', path, undefined, as)).body;
const names = (all: Shown[]) => all.map(shown => shown.application_name ?? shown.microservice_name);

async function setInstance(id: string, fields: object): Promise<void> {
  const instance = await root.collections.instances.get(id);
  assert.ok(instance);
  await root.collections.instances.replace({ ...instance, ...fields }, instance.revision);
}

describe('a list', () => {
  test('is whole when nothing is asked for', async () => {
    assert.deepEqual(names(await get('/api/applications')), ['alpha', 'beta', 'gamma']);
    assert.equal((await get('/api/services/')).length, 6);
    assert.equal((await get('/api/services?unknown=1')).length, 6);
  });

  test('comes in parts: each begins behind the last id of the one before', async () => {
    for (const [path, key] of [
      ['/api/applications', 'applicationID'],
      ['/api/services', 'microserviceID'],
    ] as const) {
      const whole = await get(path);
      const parts: Shown[] = [];
      for (let after = ''; ; after = parts.at(-1)?.[key] ?? '') {
        const part = await get(`${path}?limit=2${after === '' ? '' : `&after=${after}`}`);
        assert.ok(part.length <= 2);
        parts.push(...part);
        if (part.length < 2) break;
      }
      assert.deepEqual(parts, whole);
    }
  });

  test('refuses a limit that is none: 422 names it', async () => {
    for (const limit of ['0', '1001', '1.5', 'many', '-1']) {
      const { status, body } = await root.call('GET', `/api/services?limit=${limit}`, undefined, token);
      assert.deepEqual([status, body.errors[0].path], [422, 'limit'], limit);
    }
  });

  test('is filtered by name, namespace and status', async () => {
    assert.deepEqual(names(await get('/api/applications?name=beta')), ['beta']);
    assert.deepEqual(names(await get('/api/applications?namespace=none')), []);
    assert.deepEqual(names(await get('/api/services?name=db&namespace=test')), ['db', 'db', 'db']);
    const [first] = await get('/api/services?name=web&limit=1');
    const [other] = await get('/api/services?name=db&limit=1');
    await root.call('POST', `/api/service/${first?.microserviceID}/instance`, undefined, token);
    await setInstance(`${first?.microserviceID}/0`, { status: 'RUNNING' });
    assert.deepEqual(
      (await get('/api/services?status=RUNNING')).map(s => s.microserviceID),
      [first?.microserviceID],
    );
    assert.deepEqual(await get(`/api/services/${other?.applicationID}?status=FAILED`), []);
    assert.equal((await root.call('GET', '/api/services?status=FINE', undefined, token)).status, 422);
    await root.call('DELETE', `/api/service/${first?.microserviceID}/instance/-1`, undefined, token);
  });

  test('shows every change at once: instances, specifications, places of clusters, what goes', async () => {
    const id = '0123456789abcdef01234567';
    const cluster = { id, name: 's', location: 'here', address: '', port: 1, aggregate: noAggregate() };
    const state = { connected_epoch: -1, last_modified_timestamp: 0 };
    await root.collections.clusters.insert({ ...cluster, ...state });
    const [made] = (await root.call('POST', '/api/application', sla('delta', microservice('web')), token))
      .body;
    const path = `/api/services/${made.applicationID}`;
    const [web] = made.microservices;
    const one = async () => (await get(path))[0];
    assert.deepEqual((await one())?.instance_list, []);
    await root.call('POST', `/api/service/${web}/instance`, undefined, token);
    assert.equal((await one())?.instance_list.length, 1);
    await setInstance(`${web}/0`, { status: 'RUNNING', cluster_id: id });
    assert.deepEqual(
      [(await one())?.status, (await one())?.instance_list[0]?.cluster_location],
      ['RUNNING', 'here'],
    );
    await root.collections.clusters.replace({ ...cluster, ...state, location: 'there' }, 1);
    assert.equal((await one())?.instance_list[0]?.cluster_location, 'there');
    await root.call('PUT', `/api/service/${web}`, { code: 'web:2' }, token);
    assert.equal(((await one()) as unknown as { code: string }).code, 'web:2');
    await root.call('DELETE', `/api/service/${web}/instance/0`, undefined, token);
    assert.deepEqual((await one())?.instance_list, []);
    await root.call('DELETE', `/api/service/${web}`, undefined, token);
    assert.deepEqual(await get(path), []);
    assert.equal((await get('/api/services')).length, 6);
    await root.call('DELETE', `/api/application/${made.applicationID}`, undefined, token);
    assert.deepEqual(names(await get('/api/applications')), ['alpha', 'beta', 'gamma']);
  });

  test('is the same as what is shown of each thing by itself', async () => {
    for (const service of await get('/api/services')) {
      const alone = await root.call('GET', `/api/service/${service.microserviceID}`, undefined, token);
      assert.deepEqual(alone.body, service);
    }
    for (const application of await get('/api/applications')) {
      const alone = await root.call('GET', `/api/application/${application.applicationID}`, undefined, token);
      assert.deepEqual(alone.body, application);
    }
  });

  test('is each user’s own', async () => {
    const [ada, eve] = [await root.addUser('ada'), await root.addUser('eve')];
    await root.call('POST', '/api/application', sla('hers', microservice('web')), ada);
    assert.deepEqual(names(await get('/api/applications', ada)), ['hers']);
    assert.deepEqual(names(await get('/api/services', ada)), ['web']);
    assert.deepEqual(await get('/api/services', eve), []);
    assert.deepEqual(await get('/api/services?limit=5', eve), []);
    assert.equal((await get('/api/services')).length, 7);
  });
});

test('what another process wrote is in the next list', async () => {
  const store = openSqlite({ file: ':memory:', durability: 'normal' });
  const deaf: Store = {
    ...store,
    shared: true,
    ping: () => store.ping(),
    close: () => store.close(),
    collection: (name, indexes) => {
      const inner = store.collection(name, indexes);
      return {
        get: id => inner.get(id),
        find: (filter, page) => inner.find(filter, page),
        insert: document => inner.insert(document),
        replace: (document, revision) => inner.replace(document, revision),
        remove: (id, revision) => inner.remove(id, revision),
        watch: () => () => {},
      };
    },
  } as Store;
  const [here, there] = [await startTestRoot({ store: deaf }), await startTestRoot({ store: deaf })];
  const [mine, theirs] = [await here.login(), await there.login()];
  const count = async () => (await there.call('GET', '/api/services', undefined, theirs)).body.length;
  for (let expected = 1; expected <= 3; expected += 1) {
    await here.call('POST', '/api/application', sla(`app${expected}`, microservice('web')), mine);
    assert.deepEqual(await Promise.all([count(), count(), count()]), [expected, expected, expected]);
  }
  await Promise.all([here.stop(), there.stop()]);
  await store.close();
});

describe('figures of an instance', () => {
  test('are the last hundred that were reported, as text with their times; not in lists', async () => {
    const [service] = await get('/api/services?name=web&limit=1');
    const id = service?.microserviceID;
    const added = await root.call('POST', `/api/service/${id}/instance`, undefined, token);
    const number = added.body.instance_number;
    const path = `/api/service/${id}/instance/${number}`;
    for (let n = 1; n <= MOST_POINTS + 20; n += 1) {
      clock.advance(1000);
      const last_modified_timestamp = clock.now() / 1000;
      const figures = { cpu_percent: String(n / 2), memory_percent: String(n * 1000) };
      await setInstance(`${id}/${number}`, { ...figures, last_modified_timestamp });
      await setInstance(`${id}/${number}`, { status_detail: `${n}` });
    }
    const { body } = await root.call('GET', path, undefined, token);
    assert.equal(body.cpu_history.length, MOST_POINTS);
    assert.deepEqual(body.cpu_history.at(-1), {
      value: '60',
      timestamp: new Date(clock.now()).toISOString(),
    });
    assert.equal(body.cpu_history[0].value, '10.5');
    assert.equal(body.memory_history.at(-1).value, '120000');
    const shown = await root.call('GET', `/api/service/${id}`, undefined, token);
    assert.deepEqual(shown.body.instance_list[0], body);
    assert.deepEqual((await get('/api/services?name=web&limit=1'))[0]?.instance_list[0]?.cpu_history, []);
  });
});

describe('a cluster that is gone for good', () => {
  const id = 'abcdefabcdefabcdefabcdef';

  before(async () => {
    await root.collections.clusters.insert({
      ...{ id, name: 'gone', location: '', address: '', port: 1, aggregate: noAggregate() },
      ...{ connected_epoch: -1, last_modified_timestamp: 0 },
    });
    await root.collections.claims.insert({ id: 'subnet/10.18.5.0', owner: `worker/${id}/w` });
  });

  const remove = (as = token) => root.call('DELETE', `/api/cluster/${id}`, undefined, as);

  test('is forgotten, with its claims and what waited for its word; not while it is used', async () => {
    assert.equal((await remove(await root.addUser('ida'))).status, 403);
    root.connected.add(id);
    assert.deepEqual([(await remove()).status, (await remove()).body.error], [409, 'CLUSTER_IN_USE']);
    root.connected.delete(id);
    const [service] = await get('/api/services?name=db&limit=1');
    const serviceId = service?.microserviceID;
    const added = await root.call('POST', `/api/service/${serviceId}/instance`, undefined, token);
    const instance = `${serviceId}/${added.body.instance_number}`;
    await setInstance(instance, { cluster_id: id });
    const tied = await remove();
    assert.deepEqual([tied.status, tied.body.error], [409, 'CLUSTER_IN_USE']);
    assert.match(tied.body.message, /\.db\.test\/0/);
    await root.call('DELETE', `/api/service/${instance.replace('/', '/instance/')}`, undefined, token);
    assert.equal((await remove(await root.addUser('ivo', ['Infrastructure_Provider']))).status, 200);
    assert.equal(await root.collections.clusters.get(id), null);
    assert.equal(await root.collections.instances.get(instance), null);
    const claims = await root.collections.claims.find();
    assert.deepEqual(
      claims.filter(({ owner }) => owner.includes(id) || owner === `instance/${instance}`),
      [],
    );
    assert.deepEqual([(await remove()).status, (await remove()).body.error], [404, 'CLUSTER_UNKNOWN']);
  });
});

test('what Oakestra’s own parts call says what does its work here', async () => {
  const paths: [string, string, RegExp][] = [
    ['POST', '/api/information/0123456789abcdef01234567', /stream/],
    ['POST', '/api/result/deploy', /stream/],
    ['GET', '/frontend/uploader', /POST \/api\/application/],
    ['POST', '/frontend/uploader/', /POST \/api\/application/],
  ];
  for (const [method, path, says] of paths) {
    const { status, body } = await root.call(method, path, method === 'POST' ? { any: 'thing' } : undefined);
    assert.deepEqual([status, body.error], [410, 'REPLACED'], path);
    assert.match(body.message, says);
  }
});
