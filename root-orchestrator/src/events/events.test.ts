import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import { noAggregate } from '../clusters/aggregate.ts';
import { Listener, type Told } from '../testing/event-listener.ts';
import { startTestRoot, type TestRoot } from '../testing/root.ts';
import { microservice, sla } from '../testing/slas.ts';

/** events that the root keeps in these tests */
const KEPT = 50;
let root: TestRoot;
let clock: ManualClock;
let token: string;
let made = 0;
const open: Listener[] = [];

before(async () => {
  clock = manualClock();
  root = await startTestRoot({ clock, events: { kept: KEPT }, config: { accessTokenSeconds: 600 } });
  token = await root.login();
});
after(() => root.stop());
afterEach(() => {
  for (const listener of open.splice(0)) listener.close();
});

async function listen(query = '', last = '', as = token): Promise<Listener> {
  const listener = await Listener.open(root.url, as, query, last);
  open.push(listener);
  return listener;
}

async function application(as = token): Promise<{ name: string; id: string; web: string }> {
  made += 1;
  const name = `app${made}`;
  const { body } = await root.call('POST', '/api/application', sla(name, microservice('web')), as);
  return { name, id: body[0].applicationID, web: body[0].microservices[0] };
}

const post = (path: string) => root.call('POST', path, undefined, token);
const remove = (path: string) => root.call('DELETE', path, undefined, token);

async function setInstance(id: string, fields: object): Promise<void> {
  const instance = await root.collections.instances.get(id);
  assert.ok(instance);
  await root.collections.instances.replace({ ...instance, ...fields }, instance.revision);
}

describe('the feed of events', () => {
  test('tells of an application’s life, from the SLA to the last instance', async () => {
    const listener = await listen();
    assert.match(String(listener.headers['content-type']), /^text\/event-stream/);
    const { name, id, web } = await application();
    await post(`/api/service/${web}/instance`);
    await setInstance(`${web}/0`, { status: 'RUNNING', cluster_id: 'c', worker_id: 'w' });
    await setInstance(`${web}/0`, { cpu_percent: '12' });
    await root.call('PUT', `/api/service/${web}`, { code: 'web:2' }, token);
    await remove(`/api/application/${id}`);
    await root.collections.instances.remove(`${web}/0`);
    await listener.next(({ data }) => data.kind === 'instance' && data.change === 'removed');
    const job = `${name}.test.web.test`;
    assert.deepEqual(listener.lines(), [
      `application created ${name}.test`,
      `service created ${job}`,
      `instance created ${job}/0 REQUESTED`,
      `instance changed ${job}/0 RUNNING`,
      `service changed ${job}`,
      `rollout changed ${job} rolling`,
      `application removed ${name}.test`,
      `service removed ${job}`,
      `instance leaving ${job}/0 RUNNING`,
      `instance removed ${job}/0 RUNNING`,
    ]);
    const { data } = await listener.next(told => told.data.status === 'RUNNING');
    assert.deepEqual(
      [data.cluster_id, data.worker_id, data.application_id, data.service_id],
      ['c', 'w', id, web],
    );
    assert.match(data.at, /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.match(data.request_id, /^[0-9a-f]{16}$/);
  });

  test('says nothing of an SLA that was refused half way', async () => {
    const { name } = await application();
    const listener = await listen();
    const half = sla(`other${made}`, microservice('web'));
    half.applications.push(...sla(name, microservice('db')).applications);
    assert.equal((await root.call('POST', '/api/application', half, token)).status, 409);
    const next = await application();
    await listener.next(({ data }) => data.kind === 'service');
    assert.deepEqual(listener.lines(), [
      `application created ${next.name}.test`,
      `service created ${next.name}.test.web.test`,
    ]);
  });

  test('resumes behind the last event, without loss and without repetition', async () => {
    const first = await listen();
    const { web } = await application();
    await post(`/api/service/${web}/instance`);
    await first.next(({ event }) => event === 'instance');
    const { id } = first.told[0] as Told;
    const again = await listen('', id);
    await again.next(({ event }) => event === 'instance');
    assert.deepEqual(again.told, first.told.slice(1));
    first.close();
    await post(`/api/service/${web}/instance`);
    const third = await listen('', first.last);
    await third.next(({ event }) => event === 'instance');
    assert.deepEqual(
      third.told.map(({ data }) => data.instance_number),
      [1],
    );
  });

  test('begins now when there is no last event, and says where that is', async () => {
    await application();
    const listener = await listen();
    listener.close();
    const { name } = await application();
    const again = await listen('', listener.last);
    const { data } = await again.next(({ event }) => event === 'application');
    assert.equal(data.job_name, `${name}.test`);
    assert.equal(again.told[0]?.event, 'application');
  });

  test('tells those that come too late, or from another process, to read the lists again', async () => {
    const listener = await listen();
    const { web } = await application();
    await listener.next(({ event }) => event === 'service');
    const stale = listener.last;
    await post(`/api/service/${web}/instance`);
    for (let n = 0; n <= KEPT; n += 1) {
      await setInstance(`${web}/0`, { status_detail: `${n}` });
    }
    for (const last of [stale, 'ffffffff-3', 'nonsense', `${stale.split('-')[0]}-999999`]) {
      const late = await listen('', last);
      await late.next(({ event }) => event === 'reset');
      assert.equal(late.told.length, 1, last);
      await post(`/api/service/${web}/instance`);
      await late.next(({ event }) => event === 'instance');
    }
  });

  test('is filtered by application, service and kind', async () => {
    const [a, b] = [await application(), await application()];
    const [ofA, ofB, instances] = await Promise.all([
      listen(`?application=${a.id}`),
      listen(`?service=${b.web}`),
      listen('/?kind=instance'),
    ]);
    for (const { web } of [a, b]) await post(`/api/service/${web}/instance`);
    await root.call('PUT', `/api/application/${a.id}`, { application_desc: 'words' }, token);
    await ofA.next(({ event }) => event === 'application');
    await ofB.next(({ event }) => event === 'instance');
    await instances.until(() => instances.told.length === 2);
    assert.deepEqual(
      ofA.told.map(({ event }) => event),
      ['instance', 'application'],
    );
    assert.deepEqual(
      ofB.told.map(({ data }) => data.service_id),
      [b.web],
    );
    const { status, body } = await root.call('GET', '/api/events?kind=weather', undefined, token);
    assert.deepEqual([status, body.errors[0].path], [422, 'kind']);
  });

  test('tells everybody only what he may see', async () => {
    const [ada, eve] = [await root.addUser('ada'), await root.addUser('eve')];
    const [hers, admins] = [await listen('', '', ada), await listen()];
    const nobodys = await listen('', '', eve);
    const own = await application(ada);
    const foreign = await application();
    await root.call('DELETE', `/api/application/${own.id}`, undefined, ada);
    await admins.next(({ event, data }) => event === 'service' && data.change === 'removed');
    await hers.next(({ event, data }) => event === 'service' && data.change === 'removed');
    assert.ok(admins.lines().includes(`application created ${foreign.name}.test`));
    assert.ok(
      hers.told.every(({ data }) => data.application_id === own.id),
      JSON.stringify(hers.lines()),
    );
    assert.deepEqual(nobodys.told, []);
    const nothing = await root.addUser('idle', []);
    assert.equal((await root.call('GET', '/api/events', undefined, nothing)).status, 403);
    assert.equal((await root.call('GET', '/api/events')).status, 401);
  });

  test('tells of clusters that come and go, not of their figures', async () => {
    const listener = await listen('?kind=cluster');
    const id = '0123456789abcdef01234567';
    const cluster = {
      id,
      name: 'site1',
      location: '',
      address: '',
      port: 1,
      aggregate: noAggregate(),
      connected_epoch: 0,
      last_modified_timestamp: 0,
    };
    const { clusters } = root.collections;
    await clusters.insert(cluster);
    await clusters.replace({ ...cluster, last_modified_timestamp: 5 }, 1);
    await clusters.replace({ ...cluster, connected_epoch: -1 }, 2);
    assert.equal((await remove(`/api/cluster/${id}`)).status, 200);
    await listener.next(({ data }) => data.change === 'removed');
    assert.deepEqual(listener.lines(), [
      'cluster created site1',
      'cluster connected site1',
      'cluster disconnected site1',
      'cluster removed site1',
    ]);
  });

  test('gives a sign of life every 15 s, which moves on past what was not for the reader', async () => {
    const listener = await listen('?kind=cluster');
    const begin = listener.last;
    await application();
    clock.advance(15_000);
    await listener.until(() => listener.comments === 1);
    assert.notEqual(listener.last, begin);
    assert.deepEqual(listener.told, []);
  });

  test('ends when the reader may not read any more', async () => {
    const listener = await listen();
    clock.advance(700_000);
    await listener.ended;
    token = await root.login();
  });

  test('HEAD has no body and no end to wait for', async () => {
    assert.equal((await root.call('HEAD', '/api/events', undefined, token)).status, 200);
  });
});

test('one user alone does not take the places of all', async () => {
  const other = await startTestRoot({ events: { mostOfUser: 1 } });
  const admin = await other.login();
  const first = await Listener.open(other.url, admin);
  const refused = await other.call('GET', '/api/events', undefined, admin);
  assert.deepEqual([refused.status, refused.body.error], [429, 'TOO_MANY_STREAMS']);
  const second = await Listener.open(other.url, await other.addUser('ada'));
  await other.stop();
  await Promise.all([first.ended, second.ended]);
});

test('there is a limit to how many listen; the streams end with the server', async () => {
  const other = await startTestRoot({ events: { most: 2 } });
  const theirs = await other.login();
  const first = await Listener.open(other.url, theirs);
  const listener = await Listener.open(other.url, theirs);
  const refused = await other.call('GET', '/api/events', undefined, theirs);
  assert.deepEqual([refused.status, refused.body.error], [429, 'TOO_MANY_STREAMS']);
  first.close();
  await first.ended;
  while ((await other.call('HEAD', '/api/events', undefined, theirs)).status !== 200);
  await other.stop();
  await listener.ended;
});
