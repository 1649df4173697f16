import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
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
