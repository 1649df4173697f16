import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { silentLogger } from '@hedgerow/common';
import { createChecker } from '@hedgerow/common/check';
import { ApplicationSchema, ClusterSchema, ServiceSchema } from '@hedgerow/protos';
import { BAD_SLAS } from '@hedgerow/test/fixtures/bad-slas.ts';
import { startTestRoot, type TestRoot } from './testing/root.ts';
import { microservice, sla } from './testing/slas.ts';

let root: TestRoot;
let token: string;

before(async () => {
  root = await startTestRoot();
  token = await root.login();
});
after(() => root.stop());

test('log in, deploy an SLA, ask for an instance, see it, take all away again', async () => {
  const clean = await root.dump();
  const descriptor = sla(
    'shop',
    microservice('web', { addresses: { rr_ip: '10.30.30.30' } }),
    microservice('db'),
  );
  const created = await root.call('POST', '/api/application', descriptor, token);
  assert.equal(created.status, 200);
  assert.equal(created.body.length, 1);
  const [application] = created.body;
  assert.match(application.applicationID, /^[0-9a-f]{24}$/);
  assert.deepEqual(application._id, { $oid: application.applicationID });
  assert.equal(application.microservices.length, 2);

  const [web, db] = application.microservices;
  const fresh = (await root.call('GET', `/api/service/${web}`, undefined, token)).body;
  assert.equal(fresh.microservice_name, 'web');
  assert.equal(fresh.RR_ip, '10.30.30.30');
  assert.equal(fresh.virtualization, 'docker');
  assert.equal(fresh.image, 'hedgerow/demo:1');
  assert.deepEqual(fresh.instance_list, []);
  assert.equal('status' in fresh, false);

  const first = await root.call('POST', `/api/service/${web}/instance`, undefined, token);
  assert.deepEqual(first.body, { message: 'ok', instance_number: 0 });
  const second = await root.call('POST', `/api/service/${web}/instance`, { any: 'thing' }, token);
  assert.deepEqual(second.body, { message: 'ok', instance_number: 1 });
  assert.deepEqual(root.requested, [`${web}/0`, `${web}/1`]);

  const shown = (await root.call('GET', `/api/service/${web}/`, undefined, token)).body;
  assert.equal(shown.status, 'REQUESTED');
  assert.deepEqual(
    shown.instance_list.map((i: { instance_number: number }) => i.instance_number),
    [0, 1],
  );

  const gone = await root.call('DELETE', `/api/service/${web}/instance/0`, undefined, token);
  assert.equal(gone.status, 200);
  assert.deepEqual(root.gone, [`${web}/0`]);
  const one = (await root.call('GET', `/api/service/${web}`, undefined, token)).body;
  assert.deepEqual(
    one.instance_list.map((i: { instance_number: number }) => i.instance_number),
    [1],
  );
  assert.equal((await root.call('DELETE', `/api/service/${web}/instance/0`, undefined, token)).status, 404);

  assert.equal((await root.call('DELETE', `/api/service/${db}`, undefined, token)).status, 200);
  const left = (await root.call('GET', `/api/application/${application.applicationID}`, undefined, token))
    .body;
  assert.deepEqual(left.microservices, [web]);
  const removed = await root.call(
    'DELETE',
    `/api/application/${application.applicationID}`,
    undefined,
    token,
  );
  assert.equal(removed.status, 200);
  assert.deepEqual(root.gone, [`${web}/0`, `${web}/1`]);

  // What drives the instances would remove these two with their addresses.
  for (const instance of await root.collections.instances.find()) {
    for (const claim of await root.collections.claims.find({ owner: `instance/${instance.id}` })) {
      await root.collections.claims.remove(claim.id);
    }
    await root.collections.instances.remove(instance.id);
  }
  assert.deepEqual(await root.dump(), clean);
});

describe('an SLA that cannot be taken changes nothing', () => {
  test('any of the bad ones: 422 with the path of every bad field', async () => {
    const before = await root.dump();
    for (const { name, sla: bad, paths } of BAD_SLAS) {
      const { status, body } = await root.call('POST', '/api/application', JSON.stringify(bad), token);
      assert.equal(status, 422, name);
      assert.equal(body.error, 'SLA_INVALID', name);
      const found = new Set(body.errors.map((error: { path: string }) => error.path));
      assert.deepEqual([...found].sort(), paths.toSorted(), name);
      for (const error of body.errors)
        assert.deepEqual(Object.keys(error), ['path', 'found', 'allowed'], name);
    }
    assert.deepEqual(await root.dump(), before);
  });

  test('the same one twice: 409', async () => {
    const descriptor = sla('twice', microservice('web', { addresses: { rr_ip: '10.30.40.40' } }));
    assert.equal((await root.call('POST', '/api/application', descriptor, token)).status, 200);
    const before = await root.dump();
    const again = await root.call('POST', '/api/application', descriptor, token);
    assert.equal(again.status, 409);
    assert.equal(again.body.error, 'APPLICATION_EXISTS');
    assert.equal(again.body.errors[0].path, 'applications.0.application_name');
    assert.deepEqual(await root.dump(), before);
  });

  test('a service IP that is taken: 409; one that cannot be had: 422', async () => {
    const before = await root.dump();
    const post = (rr_ip: string) =>
      root.call(
        'POST',
        '/api/application',
        sla('other', microservice('a'), microservice('b', { addresses: { rr_ip } })),
        token,
      );
    const taken = await post('10.30.40.40');
    assert.equal(taken.status, 409);
    assert.equal(taken.body.error, 'SERVICE_IP_TAKEN');
    assert.equal(taken.body.errors[0].path, 'applications.0.microservices.1.addresses.rr_ip');
    const unusable = await post('10.30.255.255');
    assert.equal(unusable.status, 422);
    assert.equal(unusable.body.errors[0].path, 'applications.0.microservices.1.addresses.rr_ip');
    assert.deepEqual(await root.dump(), before);
  });

  test('two applications of which one exists: neither is made', async () => {
    const before = await root.dump();
    const both = { ...sla('fresh', microservice('web')) };
    both.applications.push(...sla('twice').applications);
    const { status, body } = await root.call('POST', '/api/application', both, token);
    assert.equal(status, 409);
    assert.equal(body.errors[0].path, 'applications.1.application_name');
    assert.deepEqual(await root.dump(), before);
  });

  test('ten at once: one is made', async () => {
    const descriptor = sla('race', microservice('web'), microservice('db'));
    const all = await Promise.all(
      Array.from({ length: 10 }, () => root.call('POST', '/api/application', descriptor, token)),
    );
    assert.deepEqual(all.map(a => a.status).sort(), [200, ...Array.from({ length: 9 }, () => 409)]);
    const { services, claims, intents } = root.collections;
    assert.equal((await services.find({ job_name: 'race.test.web.test' })).length, 1);
    assert.deepEqual(await intents.find(), []);
    const owners = new Set((await services.find()).map(service => `service/${service.id}`));
    for (const claim of await claims.find()) {
      if (claim.owner.startsWith('service/')) assert.ok(owners.has(claim.owner), claim.id);
    }
  });
});

test('a wished address is not given to another service of the same SLA as the next free one', async () => {
  const [service] = await root.collections.services.find({ job_name: 'race.test.db.test' });
  const parts = (service?.service_ip ?? '').split('.').map(Number);
  const next = `10.30.${parts[2]}.${(parts[3] ?? 0) + 1}`;
  const descriptor = sla('order', microservice('a'), microservice('b', { addresses: { rr_ip: next } }));
  const { status } = await root.call('POST', '/api/application', descriptor, token);
  assert.equal(status, 200);
});

describe('two users', () => {
  let ada: string;
  let eve: string;
  let application: { applicationID: string; microservices: string[] };

  before(async () => {
    ada = await root.addUser('ada');
    eve = await root.addUser('eve');
    const made = await root.call('POST', '/api/application', sla('private', microservice('web')), ada);
    application = made.body[0];
    await root.call('POST', `/api/service/${application.microservices[0]}/instance`, undefined, ada);
  });

  test('do not see, change or guess each other’s things', async () => {
    const service = application.microservices[0];
    const paths: [string, string, unknown?][] = [
      ['GET', `/api/application/${application.applicationID}`],
      ['DELETE', `/api/application/${application.applicationID}`],
      ['GET', `/api/services/${application.applicationID}`],
      ['GET', `/api/service/${service}`],
      ['DELETE', `/api/service/${service}`],
      ['POST', `/api/service/${service}/instance`],
      ['DELETE', `/api/service/${service}/instance/0`],
      ['DELETE', `/api/service/${service}/instance/-1`],
    ];
    const before = await root.dump();
    for (const [method, path] of paths) {
      const refused = await root.call(method, path, undefined, eve);
      assert.equal(refused.status, 404, `${method} ${path}`);
      const unknown = path.replace(/[0-9a-f]{24}/, '0123456789abcdef01234567');
      const missing = await root.call(method, unknown, undefined, eve);
      assert.equal(refused.body.error, missing.body.error, `${method} ${path}`);
    }
    const target = sla('private', microservice('spy'));
    Object.assign(target.applications[0] as object, { applicationID: application.applicationID });
    assert.equal((await root.call('POST', '/api/service', target, eve)).status, 404);
    assert.deepEqual(await root.dump(), before);
  });

  test('have lists of their own; an Admin sees all', async () => {
    const names = async (path: string, as: string) =>
      (await root.call('GET', path, undefined, as)).body.map(
        (a: { app_name?: string; application_name?: string }) => a.application_name ?? a.app_name,
      );
    assert.deepEqual(await names('/api/applications/', ada), ['private']);
    assert.deepEqual(await names('/api/applications/', eve), []);
    assert.deepEqual(await names('/api/services/', ada), ['private']);
    assert.deepEqual(await names('/api/services/', eve), []);
    assert.ok((await names('/api/applications/', token)).includes('private'));
    assert.ok((await names('/api/services/', token)).includes('private'));
    const adasId = (await root.call('GET', '/api/user/ada', undefined, ada)).body._id.$oid;
    assert.deepEqual(await names(`/api/applications/${adasId}`, ada), ['private']);
    assert.deepEqual(await names(`/api/applications/${adasId}/`, token), ['private']);
    assert.equal((await root.call('GET', `/api/applications/${adasId}`, undefined, eve)).status, 404);
    assert.equal((await root.call('GET', '/api/applications/ada', undefined, ada)).status, 404);
  });

  test('may name applications alike, but not services', async () => {
    assert.equal((await root.call('POST', '/api/application', sla('private'), eve)).status, 200);
    const again = sla('private', microservice('web'));
    again.applications[0] = { ...again.applications[0], application_namespace: 'test' } as never;
    const { applicationID } = (await root.call('GET', '/api/applications', undefined, eve)).body[0];
    Object.assign(again.applications[0] as object, { applicationID });
    const { status, body } = await root.call('POST', '/api/service', again, eve);
    assert.equal(status, 409);
    assert.equal(body.error, 'SERVICE_EXISTS');
  });
});

test('services are added to an application, all or none', async () => {
  const [made] = (await root.call('POST', '/api/application', sla('grow', microservice('a')), token)).body;
  const more = sla('grow', microservice('b'), microservice('c'));
  Object.assign(more.applications[0] as object, { applicationID: made.applicationID });
  const { status, body } = await root.call('POST', '/api/service/', more, token);
  assert.equal(status, 200);
  assert.deepEqual(body.deployed_services, [
    { service_name: 'b', status: 200 },
    { service_name: 'c', status: 200 },
  ]);
  assert.deepEqual(body.failed_services, []);
  const c = (await root.call('GET', `/api/service/${body.job_id}`, undefined, token)).body;
  assert.equal(c.job_name, 'grow.test.c.test');
  const before = await root.dump();
  assert.equal((await root.call('POST', '/api/service', more, token)).body.error, 'SERVICE_EXISTS');
  const half = structuredClone(more);
  half.applications[0]?.microservices.unshift(microservice('d'));
  const refused = await root.call('POST', '/api/service', half, token);
  assert.equal(refused.body.errors[0].path, 'applications.0.microservices.1.microservice_name');
  assert.deepEqual(await root.dump(), before);
});

test('types are those that Oakestra’s clients insist on', async () => {
  await root.collections.clusters.insert({
    id: '0123456789abcdef01234567',
    name: 'munich',
    location: '48.1,11.6,1000',
    address: '127.0.0.1',
    port: 10100,
    connected_epoch: -1,
    last_modified_timestamp: 1.5,
    aggregate: {
      active_nodes: 2,
      cpu_percent: 12.5,
      memory_percent: 40.25,
      vcpus: 4.5,
      memory: 2048.7,
      free_vcpus: 1,
      free_memory: 1,
      largest_free_vcpus: 1,
      largest_free_memory: 1,
      vgpus: 0,
      virtualization: ['docker'],
      architecture: ['amd64'],
      workers: ['w1'],
    },
  });
  const [cluster] = (await root.call('GET', '/api/clusters/')).body;
  assert.deepEqual(checkOf(ClusterSchema)(cluster), []);
  assert.equal(cluster._id, '0123456789abcdef01234567');
  assert.equal(cluster.port, '10100');
  assert.equal(cluster.active, false);
  assert.deepEqual((await root.call('GET', '/api/clusters/active')).body, []);
  root.connected.add(cluster._id);
  assert.equal((await root.call('GET', '/api/clusters/active')).body[0].active, true);

  const strange = {
    ...microservice('web', { port: '80', environment: ['A=b'] }),
    status: 7,
    instance_list: 3,
  };
  const [made] = (await root.call('POST', '/api/application', sla('types', strange), token)).body;
  assert.deepEqual(checkOf(ApplicationSchema)(made), []);
  const id = made.microservices[0];
  const fresh = (await root.call('GET', `/api/service/${id}`, undefined, token)).body;
  assert.equal('status' in fresh, false);
  await root.call('POST', `/api/service/${id}/instance`, undefined, token);
  const [instance] = await root.collections.instances.find({ service_id: id });
  assert.ok(instance);
  const running = { ...instance, cluster_id: cluster._id, status: 'RUNNING' as const, host_ip: '127.0.0.1' };
  await root.collections.instances.replace(running, instance.revision);
  const shown = (await root.call('GET', `/api/service/${id}`, undefined, token)).body;
  assert.deepEqual(checkOf(ServiceSchema)(shown), []);
  assert.equal(shown.status, 'RUNNING');
  assert.equal(shown.instance_list[0].cluster_location, '48.1,11.6,1000');
  assert.equal(shown.instance_list[0].publicip, '127.0.0.1');
  assert.deepEqual((await root.call('GET', `/api/services/${made.applicationID}`, undefined, token)).body, [
    shown,
  ]);

  await root.call('DELETE', `/api/service/${id}/instance/-1`, undefined, token);
  const emptied = (await root.call('GET', `/api/service/${id}`, undefined, token)).body;
  assert.equal(emptied.status, 'UNDEPLOYED');
  assert.deepEqual(emptied.instance_list, []);
  const again = await root.call('POST', `/api/service/${id}/instance`, undefined, token);
  assert.equal(again.body.instance_number, 1);
});

test('names in place of ids, and numbers that are none, are unknown', async () => {
  for (const path of ['/api/application/types', '/api/service/web', '/api/services/types']) {
    assert.equal((await root.call('GET', path, undefined, token)).status, 404, path);
  }
  const [service] = await root.collections.services.find();
  for (const method of ['GET', 'DELETE']) {
    for (const number of ['99', '-2', '1.5', 'x', '00000000000001']) {
      const path = `/api/service/${service?.id}/instance/${number}`;
      const { body } = await root.call(method, path, undefined, token);
      assert.equal(body.error, number === '99' ? 'INSTANCE_UNKNOWN' : 'INSTANCE_NUMBER_INVALID', number);
    }
  }
});

test('twenty instances at once have numbers and addresses of their own', async () => {
  const [made] = (await root.call('POST', '/api/application', sla('many', microservice('web')), token)).body;
  const path = `/api/service/${made.microservices[0]}/instance`;
  const all = await Promise.all(Array.from({ length: 20 }, () => root.call('POST', path, undefined, token)));
  const numbers = all.map(answer => answer.body.instance_number).sort((a, b) => a - b);
  assert.deepEqual(
    numbers,
    Array.from({ length: 20 }, (_, index) => index),
  );
  const instances = await root.collections.instances.find({ service_id: made.microservices[0] });
  assert.equal(new Set(instances.map(instance => instance.instance_ip)).size, 20);
});

test('an instance asked for while its application is removed does not stay behind', async () => {
  const [made] = (await root.call('POST', '/api/application', sla('fleeting', microservice('web')), token))
    .body;
  const service = made.microservices[0];
  const answers = await Promise.all([
    ...Array.from({ length: 5 }, () =>
      root.call('POST', `/api/service/${service}/instance`, undefined, token),
    ),
    root.call('DELETE', `/api/application/${made.applicationID}`, undefined, token),
    ...Array.from({ length: 5 }, () =>
      root.call('POST', `/api/service/${service}/instance`, undefined, token),
    ),
  ]);
  assert.ok(answers.every(({ status }) => status === 200 || status === 404));
  assert.deepEqual(await root.collections.instances.find({ service_id: service, desired: 'run' }), []);
});

test('an SLA with fields of no meaning is taken, and the fields are logged', async () => {
  const warned: { fields?: string[] }[] = [];
  const log = { ...silentLogger, warn: (fields: object) => void warned.push(fields), child: () => log };
  const own = await startTestRoot({ log });
  const descriptor = { ...sla('odd', { ...microservice('web'), memmory: 5 } as never), note: 'x' };
  const { status, body } = await own.call('POST', '/api/application', descriptor, await own.login());
  assert.equal(status, 200);
  assert.deepEqual(warned.flatMap(line => line.fields ?? []).sort(), [
    'applications.0.microservices.0.memmory',
    'note',
  ]);
  const shown = await own.call(
    'GET',
    `/api/service/${body[0].microservices[0]}`,
    undefined,
    await own.login(),
  );
  assert.equal(shown.body.memmory, 5);
  await own.stop();
});

const checker = createChecker();
const checkOf = (schema: object) => checker.compile(schema);
