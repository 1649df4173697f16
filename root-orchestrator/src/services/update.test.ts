import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { ApiApplication, ApiService, Microservice } from '@hedgerow/protos';
import { startTestRoot, type TestRoot } from '../testing/root.ts';
import { microservice, sla } from '../testing/slas.ts';

let root: TestRoot;
let token: string;
let made = 0;

before(async () => {
  root = await startTestRoot();
  token = await root.login();
});
after(() => root.stop());

interface Given {
  name: string;
  application: ApiApplication;
  web: string;
}

async function given(fields: Partial<Microservice> = {}, ...others: Microservice[]): Promise<Given> {
  made += 1;
  const name = `app${made}`;
  const descriptor = sla(name, microservice('web', fields), ...others);
  const [application] = (await root.call('POST', '/api/application', descriptor, token)).body;
  return { name, application, web: application.microservices[0] };
}

const put = (path: string, body: unknown, as = token) => root.call('PUT', path, body, as);
const service = async (id: string): Promise<ApiService> =>
  (await root.call('GET', `/api/service/${id}`, undefined, token)).body;
const application = async (id: string): Promise<ApiApplication> =>
  (await root.call('GET', `/api/application/${id}`, undefined, token)).body;
const addInstance = (id: string) => root.call('POST', `/api/service/${id}/instance`, undefined, token);
const paths = (body: { errors?: { path: string }[] }) => body.errors?.map(({ path }) => path).sort();

describe('PUT of a service', () => {
  let app: Given;

  beforeEach(async () => {
    app = await given({ cmd: ['run'], memory: 32, environment: ['A=b'], addresses: { rr_ip_v6: 'fd00::1' } });
  });

  test('with some fields changes these; without an instance at once', async () => {
    const before = await service(app.web);
    const { status, body } = await put(`/api/service/${app.web}`, { code: 'hedgerow/demo:2', memory: 64 });
    assert.equal(status, 200);
    assert.deepEqual([body.code, body.image, body.memory], ['hedgerow/demo:2', 'hedgerow/demo:2', 64]);
    assert.deepEqual([body.cmd, body.environment], [['run'], ['A=b']]);
    assert.deepEqual([body.generation, body.rollout.state], [2, 'done']);
    assert.equal(body.RR_ip, before.RR_ip);
  });

  test('restart and health check are read by workers: another generation; on_cluster_loss is the root’s', async () => {
    const restart = { policy: 'on-failure', attempts: 3 };
    const health_check = { type: 'http', port: 80 };
    const on_cluster_loss = { action: 'wait' };
    const path = `/api/service/${app.web}`;
    assert.equal((await put(path, { on_cluster_loss })).body.generation, 1);
    for (const same of [{ policy: 'always', attempts: 0 }, { policy: 'always' }, {}])
      assert.equal((await put(path, { restart: same })).body.generation, 1, 'the default, written down');
    assert.equal((await put(path, { restart })).body.generation, 2);
    const { body } = await put(path, { health_check });
    assert.equal(body.generation, 3);
    const { restart: kept, health_check: check, on_cluster_loss: loss } = body;
    assert.deepEqual([kept, check, loss], [restart, health_check, on_cluster_loss]);
  });

  test('what cannot be together is refused, also when only one of both is sent', async () => {
    const path = `/api/service/${app.web}`;
    await put(path, { one_shot: true });
    const always = await put(path, { restart: { policy: 'always' } });
    assert.deepEqual([always.status, paths(always.body)], [422, ['restart.policy']]);
    const misspelt = await put(path, { health_check: { type: 'tcp', port: 80, intervall: 3 } });
    assert.deepEqual([misspelt.status, paths(misspelt.body)], [422, ['health_check.intervall']]);
    assert.equal((await service(app.web)).generation, 2);
  });

  test('with an SLA changes all: what it leaves out goes back to its default, the service IP stays', async () => {
    const before = await service(app.web);
    const whole = sla(app.name, microservice('web', { memory: 16 }));
    const { status, body } = await put(`/api/service/${app.web}`, whole);
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual([body.memory, 'cmd' in body, 'environment' in body], [16, false, false]);
    assert.deepEqual([body.RR_ip, body.virtualization], [before.RR_ip, 'docker']);
    assert.deepEqual(body.addresses, { rr_ip_v6: 'fd00::1' });
  });

  test('as it was shown changes nothing; with another image in either of its fields, the image', async () => {
    const shown = await service(app.web);
    const same = await put(`/api/service/${app.web}`, shown);
    assert.deepEqual([same.status, same.body], [200, shown]);
    const first = await put(`/api/service/${app.web}`, { ...shown, code: 'other:1' });
    assert.deepEqual([first.body.code, first.body.generation], ['other:1', 2]);
    const second = await put(`/api/service/${app.web}`, { ...first.body, image: 'other:2' });
    assert.deepEqual([second.body.code, second.body.generation], ['other:2', 3]);
    const stored = (await root.collections.services.get(app.web))?.microservice as Record<string, unknown>;
    assert.deepEqual(
      ['image', 'instance_list', 'RR_ip', '_id', 'rollout', 'generation'].filter(key => key in stored),
      [],
    );
  });

  test('cannot change what a service is called or where it is reached: 422 names every such field', async () => {
    const before = await root.dump();
    const fields = {
      microservice_name: 'other',
      microservice_namespace: 'other',
      microserviceID: '0123456789abcdef01234567',
      job_name: 'a.b.c.d',
      RR_ip: '10.30.9.9',
      addresses: { rr_ip: '10.30.9.9' },
      image: 'a:1',
      code: 'b:1',
    };
    const { status, body } = await put(`/api/service/${app.web}`, fields);
    assert.deepEqual([status, body.error], [422, 'SLA_INVALID']);
    const { addresses: _, code: __, ...named } = fields;
    assert.deepEqual(paths(body), [...Object.keys(named), 'addresses.rr_ip'].sort());
    const other = await put(`/api/service/${app.web}`, sla(app.name, microservice('db')));
    assert.deepEqual(paths(other.body), ['applications.0.microservices.0.microservice_name']);
    assert.deepEqual(await root.dump(), before);
  });

  test('with a field that no service has is 422 naming it, and rolls nothing', async () => {
    await addInstance(app.web);
    const before = await root.dump();
    for (const [body, path] of [
      [{ memroy: 64 }, 'memroy'],
      [{ memory: 64, 'a.b': 1 }, 'a.b'],
      [{ addresses: { rr_pi: '10.30.9.9' } }, 'addresses.rr_pi'],
    ] as const) {
      const answer = await put(`/api/service/${app.web}`, body);
      assert.deepEqual([answer.status, paths(answer.body)], [422, [path]]);
      assert.equal(answer.body.errors[0].allowed, 'the fields of a service');
    }
    for (const [body, path, fields] of [
      [{ restart: { polici: 'never' } }, 'restart.polici', 'policy, attempts'],
      [{ on_cluster_loss: { garce: 5 } }, 'on_cluster_loss.garce', 'action, grace'],
    ] as const) {
      const one = await put(`/api/service/${app.web}`, body);
      assert.deepEqual([one.status, paths(one.body)], [422, [path]]);
      assert.equal(one.body.errors[0].allowed, `no field but ${fields}`);
      const whole = await put(`/api/service/${app.web}`, sla(app.name, microservice('web', body as object)));
      assert.deepEqual(paths(whole.body), [`applications.0.microservices.0.${path}`]);
    }
    for (const key of ['rr_ip', 'RR_ip']) {
      const answer = await put(`/api/service/${app.web}`, { [key]: '1.2.3.4' });
      assert.deepEqual([answer.status, paths(answer.body)], [422, [key]]);
    }
    assert.deepEqual(await root.dump(), before);
    const { RR_ip } = await service(app.web);
    assert.equal((await put(`/api/service/${app.web}`, { rr_ip: RR_ip })).status, 200);
    assert.deepEqual(await root.dump(), before);
  });

  test('of what no worker reads is stored, but nothing rolls; a whole SLA keeps and removes what we do not know', async () => {
    await addInstance(app.web);
    const path = `/api/service/${app.web}`;
    const unread = { args: ['x'], state: 'kept', arch: [], port: '', vtpus: 1 };
    const { body } = await put(path, unread);
    assert.deepEqual([body.args, body.state, body.vtpus, body.generation], [['x'], 'kept', 1, 1]);
    assert.ok(!('rollout' in body));
    const fields = { cmd: ['run'], memory: 32, environment: ['A=b'] };
    const whole = (colour: object) => sla(app.name, { ...microservice('web', fields), ...colour });
    const kept = (await put(path, whole({ colour: 'red' }))).body;
    assert.deepEqual([kept.colour, kept.generation, 'args' in kept], ['red', 1, false]);
    assert.equal((await put(path, { colour: 'blue' })).body.colour, 'blue');
    assert.equal((await put(path, await service(app.web))).status, 200);
    const without = (await put(path, whole({}))).body;
    assert.deepEqual(['colour' in without, 'rollout' in without, without.generation], [false, false, 1]);
  });

  test('is checked as an SLA is', async () => {
    const before = await root.dump();
    const bad: [unknown, string[]][] = [
      [{ memory: -1, cmd: 'run' }, ['cmd', 'memory']],
      [{ code: 'No Image' }, ['code']],
      [{ memory: null }, ['memory']],
      [{ port: '99999' }, ['port']],
      [sla(app.name, microservice('web', { memory: -1 })), ['applications.0.microservices.0.memory']],
      [sla(app.name, microservice('web'), microservice('b')), ['applications.0.microservices']],
      [sla(app.name), ['applications.0.microservices']],
      [{ ...sla(app.name), applications: [] }, ['applications']],
      [{ ...sla(app.name, microservice('web')), sla_version: 'v9' }, ['sla_version']],
    ];
    for (const [body, expected] of bad) {
      const answer = await put(`/api/service/${app.web}`, body);
      assert.equal(answer.status, 422, JSON.stringify(body));
      assert.deepEqual(paths(answer.body), expected, JSON.stringify(body));
    }
    assert.equal((await put(`/api/service/${app.web}`, [])).status, 422);
    assert.equal((await put(`/api/service/${app.web}`, undefined)).status, 400);
    assert.deepEqual(await root.dump(), before);
  });

  test('with an instance begins an update; another one has to wait, but this one can be taken back', async () => {
    await addInstance(app.web);
    const { body } = await put(`/api/service/${app.web}`, { memory: 64 });
    assert.deepEqual(
      [body.rollout.state, body.rollout.from_generation, body.rollout.to_generation],
      ['rolling', 1, 2],
    );
    const again = await put(`/api/service/${app.web}`, { memory: 64 });
    assert.deepEqual([again.status, again.body.generation], [200, 2]);
    const other = await put(`/api/service/${app.web}`, { memory: 128 });
    assert.deepEqual([other.status, other.body.error], [409, 'ROLLOUT_RUNNING']);
    const back = await put(`/api/service/${app.web}`, { memory: 32 });
    assert.deepEqual([back.body.rollout.state, back.body.memory, back.body.generation], ['undoing', 32, 3]);
  });

  test('two at once, neither of them what there was before: one begins, the other has to wait', async () => {
    await addInstance(app.web);
    const path = `/api/service/${app.web}`;
    const answers = await Promise.all(
      ['one', 'two'].map(colour => put(path, { environment: [`COLOUR=${colour}`] })),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
    assert.equal(answers.find(({ status }) => status === 409)?.body.error, 'ROLLOUT_RUNNING');
    const now = await service(app.web);
    assert.deepEqual([now.rollout?.state, now.rollout?.detail, now.generation], ['rolling', 'it begins', 2]);
    // Nearly what there was before is another update as well, even if no worker could tell.
    for (const body of [
      { environment: ['A=b'], memory: 33 },
      { environment: ['A=b'], args: ['x'] },
    ]) {
      assert.equal((await put(path, body)).status, 409);
    }
    assert.equal((await service(app.web)).rollout?.state, 'rolling');
  });

  test('needs the service to be the caller’s, and an Admin for a privileged container', async () => {
    const eve = await root.addUser(`eve${made}`);
    const unknown = '0123456789abcdef01234567';
    assert.equal((await put(`/api/service/${unknown}`, { memory: 1 })).status, 404);
    assert.equal((await put(`/api/service/${app.web}`, { memory: 1 }, eve)).status, 404);
    const own = sla(`eves${made}`, microservice('web'));
    const [mine] = (await root.call('POST', '/api/application', own, eve)).body;
    const id = mine.microservices[0];
    const refused = await put(`/api/service/${id}`, { privileged: true }, eve);
    assert.deepEqual(
      [refused.status, refused.body.error, paths(refused.body)],
      [403, 'PRIVILEGE_REFUSED', ['privileged']],
    );
    assert.equal((await put(`/api/service/${id}`, { privileged: true })).status, 200);
    assert.equal((await service(id)).job_name, `eves${made}.test.web.test`);
    assert.equal((await application(mine.applicationID)).userId, `eve${made}`);
  });

  test('that is privileged: only an Admin starts instances of it, or changes it otherwise than to be so no more', async () => {
    const eve = await root.addUser(`eva${made}`);
    const [mine] = (await root.call('POST', '/api/application', sla(`evas${made}`, microservice('web')), eve))
      .body;
    const id = mine.microservices[0];
    await put(`/api/service/${id}`, { privileged: true });
    const start = (as: string) => root.call('POST', `/api/service/${id}/instance`, undefined, as);
    const refused = async (
      answer: Promise<{ status: number; body: { error?: string; errors?: { path: string }[] } }>,
    ) => {
      const { status, body } = await answer;
      assert.deepEqual([status, body.error, paths(body)], [403, 'PRIVILEGE_REFUSED', ['privileged']]);
    };
    const before = await root.dump();
    await refused(start(eve));
    await refused(put(`/api/service/${id}`, { memory: 5 }, eve));
    assert.deepEqual(await root.dump(), before);
    assert.equal((await start(token)).status, 200);
    assert.equal((await put(`/api/service/${id}`, { privileged: false }, eve)).body.rollout.state, 'rolling');
    await refused(start(eve));
  });
});

describe('PUT of an application', () => {
  test('as the dashboard sends it, whole with ids, changes the description and nothing else', async () => {
    const { application: shown, web } = await given({ memory: 32 }, microservice('db'));
    const before = await service(web);
    const path = `/api/application/${shown.applicationID}`;
    const { status, body } = await put(path, { ...shown, application_desc: 'new words' });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.message, 'Application is updated');
    assert.deepEqual(await application(shown.applicationID), { ...shown, application_desc: 'new words' });
    assert.deepEqual(await service(web), before);
  });

  test('a list of ids that is old loses no service', async () => {
    const { application: shown, web } = await given();
    const more = sla('x', microservice('late'));
    Object.assign(more.applications[0] as object, { applicationID: shown.applicationID });
    await root.call('POST', '/api/service', more, token);
    for (const microservices of [[web], []]) {
      const path = `/api/application/${shown.applicationID}`;
      assert.equal((await put(path, { microservices })).status, 200);
      assert.equal((await application(shown.applicationID)).microservices.length, 2);
    }
  });

  test('what is not said stays; what we do not know is kept', async () => {
    const { application: shown } = await given();
    const path = `/api/application/${shown.applicationID}`;
    await put(path, { application_desc: 'words', colour: 'red' });
    await put(path, { shade: 'dark' });
    const now = await application(shown.applicationID);
    assert.deepEqual(now, { ...shown, application_desc: 'words', colour: 'red', shade: 'dark' });
  });

  test('names and owner cannot change: 422 names the field', async () => {
    const { application: shown } = await given();
    const before = await root.dump();
    const other = {
      application_name: 'x',
      application_namespace: 'x',
      applicationID: 'x',
      _id: { $oid: 'x' },
      userId: 'eve',
    };
    const { status, body } = await put(`/api/application/${shown.applicationID}`, other);
    assert.equal(status, 422);
    assert.deepEqual(paths(body), [
      '_id.$oid',
      'applicationID',
      'application_name',
      'application_namespace',
      'userId',
    ]);
    assert.deepEqual(await root.dump(), before);
  });

  test('described services are added, changed and removed by name', async () => {
    const { application: shown, name, web } = await given({}, microservice('db'), microservice('same'));
    const [, db, same] = shown.microservices;
    const path = `/api/application/${shown.applicationID}`;
    const microservices = [
      microservice('web', { code: 'web:2' }),
      { ...microservice('same'), microserviceID: same ?? '' },
      microservice('fresh', { addresses: { rr_ip: `10.30.77.${made}` } }),
    ];
    const { status, body } = await put(path, { ...shown, microservices });
    assert.equal(status, 200, JSON.stringify(body));
    const [added, ...others] = body.microservices.filter((id: string) => id !== web && id !== same);
    assert.deepEqual([body.microservices.length, others], [3, []]);
    assert.equal((await service(web)).code, 'web:2');
    assert.equal((await service(same ?? '')).generation, 1);
    const fresh = await service(added);
    assert.deepEqual([fresh.job_name, fresh.RR_ip], [`${name}.test.fresh.test`, `10.30.77.${made}`]);
    assert.equal((await root.call('GET', `/api/service/${db}`, undefined, token)).status, 404);
    assert.deepEqual(await root.collections.intents.find(), []);
  });

  test('one that cannot be so changes nothing', async () => {
    const { application: shown, web } = await given({}, microservice('db'));
    const [, db] = shown.microservices;
    const taken = await given({ addresses: { rr_ip: '10.30.99.99' } });
    assert.ok(taken.web);
    await addInstance(db ?? '');
    await put(`/api/service/${db}`, { memory: 1 });
    const before = await root.dump();
    const bad: [unknown[], number, string[] | undefined][] = [
      [[microservice('web', { memory: -1 })], 422, ['microservices.0.memory']],
      [[web, microservice('db')], 422, ['microservices.0']],
      [
        [microservice('web', { addresses: { rr_ip: '10.30.1.77' } })],
        422,
        ['microservices.0.addresses.rr_ip'],
      ],
      [[microservice('web'), microservice('web')], 422, ['microservices.1.microservice_name']],
      [
        [microservice('new', { addresses: { rr_ip: '10.30.99.99' } })],
        409,
        ['microservices.0.addresses.rr_ip'],
      ],
      [[microservice('web', { code: 'web:2' }), microservice('db', { memory: 2 })], 409, undefined],
      [[5], 422, ['microservices.0']],
    ];
    for (const [microservices, status, expected] of bad) {
      const answer = await put(`/api/application/${shown.applicationID}`, { microservices });
      assert.equal(answer.status, status, JSON.stringify(answer.body));
      assert.deepEqual(paths(answer.body), expected, JSON.stringify(microservices));
    }
    assert.deepEqual(await root.dump(), before);
  });
});

test('many requests do not make what one may not: 413, and nothing was changed', async () => {
  const { application: shown, web } = await given();
  const large = (key: string) => ({ [key]: 'x'.repeat(1_500_000) });
  for (const [path, first, second] of [
    [`/api/application/${shown.applicationID}`, 'first', 'second'],
    [`/api/service/${web}`, 'state', 'target_node'],
  ] as const) {
    assert.equal((await put(path, large(first))).status, 200, path);
    const before = await root.dump();
    const { status, body } = await put(path, large(second));
    assert.deepEqual([status, body.error], [413, 'BODY_TOO_LARGE'], path);
    assert.deepEqual(await root.dump(), before);
  }
});

test('the id of a request is stored with the instances that it asks for or removes', async () => {
  const { web } = await given();
  const headers = { Authorization: `Bearer ${token}`, 'X-Request-Id': 'req-1' };
  await fetch(`${root.url}/api/service/${web}/instance`, { method: 'POST', headers, body: 'anything' });
  const shown = await root.call('GET', `/api/service/${web}/instance/0`, undefined, token);
  assert.deepEqual([shown.body.request_id, shown.body.generation], ['req-1', 1]);
  const removed = { method: 'DELETE', headers: { ...headers, 'X-Request-Id': 'req-2' } };
  await fetch(`${root.url}/api/service/${web}`, removed);
  const left = await root.collections.instances.get(`${web}/0`);
  assert.deepEqual([left?.request_id, left?.desired], ['req-2', 'gone']);
});
