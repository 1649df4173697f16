import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Collection, type Document, openSqlite, type Store } from '@hedgerow/common';
import { startTestRoot, type TestRoot } from '../testing/root.ts';
import { microservice, sla } from '../testing/slas.ts';

/** A store whose inserts into `instances` wait until they are let through. */
function heldStore() {
  const store = openSqlite({ file: ':memory:', durability: 'normal' });
  const gate = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const held: Store = {
    ...store,
    collection: <T extends Document>(name: string, indexes: readonly (keyof T & string)[]) => {
      const inner: Collection<T> = store.collection<T>(name, indexes);
      if (name !== 'instances') return inner;
      const insert: Collection<T>['insert'] = async document => {
        arrived.resolve();
        await gate.promise;
        return inner.insert(document);
      };
      return { ...bound(inner), insert };
    },
  };
  return { held, arrived: arrived.promise, release: gate.resolve, close: () => store.close() };
}

function bound<T extends Document>(inner: Collection<T>): Collection<T> {
  return {
    get: id => inner.get(id),
    find: (...given) => inner.find(...given),
    insert: document => inner.insert(document),
    replace: (...given) => inner.replace(...given),
    remove: (...given) => inner.remove(...given),
    watch: watcher => inner.watch(watcher),
  };
}

async function serviceOf(root: TestRoot, token: string): Promise<string> {
  const made = await root.call('POST', '/api/application', sla('app', microservice('web')), token);
  return made.body[0].microservices[0];
}

test('what would wait too long is refused with the time to try again; what has a bound of its own goes on', async t => {
  const { held, arrived, release, close } = heldStore();
  t.after(close);
  const root = await startTestRoot({ store: held, config: { limits: { atOnce: 1, waiting: 1 } } });
  t.after(() => root.stop());
  const token = await root.login();
  const path = `/api/service/${await serviceOf(root, token)}/instance`;

  const first = root.call('POST', path, undefined, token);
  await arrived;
  const second = root.call('POST', path, undefined, token);
  const waiting = async () => (await root.call('GET', '/metrics')).body as string;
  while (!/hedgerow_root_requests\{state="waiting"\} 1/.test(await waiting()));
  const third = await root.call('POST', path, undefined, token);
  assert.deepEqual([third.status, third.body.error], [503, 'OVERLOADED']);
  assert.equal(third.headers.get('retry-after'), '2');
  assert.match(await waiting(), /hedgerow_root_requests_refused_total 1\n/);
  for (const page of ['/healthz', '/readyz']) assert.equal((await root.call('GET', page)).status, 200, page);
  await root.login();

  release();
  assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  assert.equal((await root.call('POST', path, undefined, token)).status, 200);
  const { instance_list } = (await root.call('GET', path.replace(/\/instance$/, ''), undefined, token)).body;
  assert.equal(instance_list.length, 3);
});

test('large bodies that are being read are bounded together, small ones are not', async t => {
  const root = await startTestRoot({ config: { limits: { bodies: 100_000 } } });
  t.after(() => root.stop());
  const token = await root.login();
  const body = { ...sla('app', microservice('web')), note: 'x'.repeat(100_000) };
  const large = await root.call('POST', '/api/application', body, token);
  assert.deepEqual([large.status, large.body.error], [503, 'OVERLOADED']);
  assert.equal((await root.call('POST', '/api/application', { ...body, note: '' }, token)).status, 200);
});
