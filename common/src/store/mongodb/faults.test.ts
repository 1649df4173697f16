/** What comes of it when answers are lost, the server dies, or it goes silent. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { type Boat, boat, fails, listen, openBoats } from '@hedgerow/test/contract/store/harbour.ts';
import { type Server, startServer } from '@hedgerow/test/mongodb-server/server.mjs';
import {
  databaseUrl,
  startMongodb,
  type TestMongodb,
  withoutMongodb,
  withoutServer,
} from '@hedgerow/test/support/mongodb.ts';
import { type LossyProxy, startProxy } from '@hedgerow/test/support/proxy.ts';
import type { Logger } from '../../logger.ts';
import { openMongodb } from '../mongodb.ts';
import { type Collection, STORE_ERRORS, type Store } from '../store.ts';

describe('an answer that is lost', { skip: withoutMongodb() }, () => {
  let mongodb: TestMongodb;
  let proxy: LossyProxy;
  let stores: Store[] = [];
  /** through the proxy */
  let boats: Collection<Boat>;
  /** somebody else, who has no trouble */
  let other: Collection<Boat>;

  before(async () => {
    mongodb = await startMongodb();
  });
  after(() => mongodb.stop());
  beforeEach(async () => {
    const url = mongodb.database();
    proxy = await startProxy(Number(new URL(url).port));
    const through = new URL(url);
    through.port = String(proxy.port);
    stores = [await openMongodb({ url: through.href, patience: 2000 }), await openMongodb({ url })];
    [boats, other] = stores.map(openBoats) as [Collection<Boat>, Collection<Boat>];
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
    await proxy.stop();
  });

  test('of an insert: it is ours, and no foreign duplicate; it is told once', async () => {
    const { heard } = listen(boats);
    await boats.find();
    proxy.loseAnswer('insert');
    assert.equal((await boats.insert(boat('a'))).revision, 1);
    assert.deepEqual(heard, ['a:1']);
    await fails(boats.insert(boat('a')), STORE_ERRORS.STORE_DUPLICATE);
  });

  test('of an insert that was refused: it stays refused', async () => {
    await other.insert(boat('a', { owner: 'bob' }));
    proxy.loseAnswer('insert');
    await fails(boats.insert(boat('a')), STORE_ERRORS.STORE_DUPLICATE);
    assert.equal((await other.get('a'))?.owner, 'bob');
  });

  test('of a replace: it happened once', async () => {
    await other.insert(boat('a'));
    proxy.loseAnswer('update');
    assert.equal((await boats.replace(boat('a', { crew: 2 }), 1)).revision, 2);
    const { revision, crew } = (await other.get('a')) as Boat;
    assert.deepEqual([revision, crew], [2, 2]);
  });

  test('of a replace that was stale: it stays stale', async () => {
    await other.insert(boat('a'));
    await other.replace(boat('a', { owner: 'bob' }), 1);
    proxy.loseAnswer('update');
    await fails(boats.replace(boat('a'), 1), STORE_ERRORS.STORE_STALE);
    assert.equal((await other.get('a'))?.owner, 'bob');
  });

  test('of a removal: it was removed', async () => {
    await other.insert(boat('a'));
    proxy.loseAnswer('delete');
    assert.equal(await boats.remove('a', 1), true);
    assert.equal(await other.get('a'), null);
  });

  test('of a write that others have changed since: nobody can know, and that is what is said', async () => {
    proxy.loseAnswer('insert', () => other.replace(boat('a', { owner: 'bob' }), 1));
    await fails(boats.insert(boat('a')), STORE_ERRORS.STORE_FAILED);
    proxy.loseAnswer('update', () => other.replace(boat('a', { owner: 'eve' }), 3));
    await fails(boats.replace(boat('a'), 2), STORE_ERRORS.STORE_FAILED);
    assert.equal((await other.get('a'))?.revision, 4);
    proxy.loseAnswer('update', () => other.remove('a'));
    await fails(boats.replace(boat('a'), 4), STORE_ERRORS.STORE_FAILED);
  });

  test('twice: the write failed, and watchers hear that it happened', async () => {
    const { heard, until } = listen(boats);
    await boats.find();
    proxy.loseAnswer('insert', async () => {}, 2);
    await fails(boats.insert(boat('a')), STORE_ERRORS.STORE_FAILED);
    await until(all => all.length > 0);
    assert.deepEqual(heard, ['a:1']);
  });

  test('to a read is asked for again', async () => {
    await other.insert(boat('a'));
    proxy.loseAnswer('find');
    assert.equal((await boats.get('a'))?.revision, 1);
  });

  test('with all connections: what others did meanwhile is heard of', async () => {
    const { heard, until } = listen(boats);
    await boats.find();
    for (let n = 0; n < 5; n++) {
      proxy.cut();
      await other.insert(boat(`boat${n}`));
    }
    await until(all => all.length === 5);
    assert.equal(new Set(heard).size, 5);
  });

  test('or late, to the question what was there when the watching began: nothing is missed', async () => {
    await other.insert(boat('a'));
    const release = proxy.hold('write');
    const { heard } = listen(boats);
    const reading = boats.find();
    // Time enough for a find that does not wait to be answered.
    for (let n = 0; n < 10; n++) await stores[0]?.ping();
    await other.replace(boat('a'), 1);
    release();
    const [read] = await reading;
    assert.deepEqual([read?.revision, heard], [2, []]);
  });

  test('for ever, because the server is silent: every call fails in time, and works again after', async () => {
    await boats.insert(boat('a'));
    proxy.freeze();
    const begin = performance.now();
    const calls = [boats.get('a'), boats.find(), boats.insert(boat('b')), boats.replace(boat('a'), 1)];
    await Promise.all(calls.map(call => fails(call, STORE_ERRORS.STORE_FAILED)));
    assert.ok(performance.now() - begin < 10_000);
    proxy.thaw();
    assert.equal((await boats.get('a'))?.id, 'a');
  });
});

describe('a server that is killed', { skip: withoutServer() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-mongodb-'));
  after(() => rmSync(folder, { recursive: true }));

  for (const streams of [false, true])
    test(`fails every call; its return mends all, and watchers miss nothing (streams: ${streams})`, async t => {
      const file = join(folder, `killed-${streams}.mv`);
      let server = await startServer({ file, streams });
      t.after(() => server.stop());
      const url = databaseUrl(server.url);
      const store = await openMongodb({ url, patience: 2000 });
      t.after(() => store.close());
      const boats = openBoats(store);
      const { heard, until } = listen(boats);
      const stored = await insertUntilKilled(boats, server);
      assert.ok(stored > 20);
      await fails(boats.get('boat0'), STORE_ERRORS.STORE_FAILED);
      await fails(store.ping(), STORE_ERRORS.STORE_FAILED);
      server = await startServer({ file, streams, port: server.port });
      await store.ping();
      const foreign = await openMongodb({ url });
      t.after(() => foreign.close());
      await openBoats(foreign).insert(boat('foreign'));
      await boats.insert(boat('own'));
      await until(all => all.includes('foreign:1'));
      assert.equal(heard.filter(line => line === 'own:1').length, 1);
      assert.equal((await boats.get('own'))?.revision, 1);
    });

  /** @returns how many were answered */
  async function insertUntilKilled(boats: Collection<Boat>, server: Server): Promise<number> {
    let stored = 0;
    const writer = async (name: string): Promise<void> => {
      for (let n = 0; ; n++) {
        await boats.insert(boat(`${name}${n}`));
        stored += 1;
        if (stored === 100) void server.kill();
      }
    };
    await Promise.all([1, 2, 3, 4].map(n => fails(writer(`boat${n}-`), STORE_ERRORS.STORE_FAILED)));
    return stored;
  }
});

describe('a password', () => {
  const refused = async (url: string): Promise<void> => {
    const lines: unknown[] = [];
    const error = await openMongodb({ url, patience: 200, log: noting(lines) }).then(
      async store => store.close(),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof Error);
    const all = inspect([error, lines], { depth: 20, showHidden: true });
    assert.doesNotMatch(all, /Geheim|s3cret/, url);
  };

  test('is in no error: nobody listens, or it is no URL', async () => {
    await refused('mongodb://Geheim:s3cret@127.0.0.1:1/x');
    await refused('mongodb://Geheim:s3cret@[::/x');
    await refused('http://Geheim:s3cret@127.0.0.1/x');
    await refused('mongodb://Geheim:s3/cret@127.0.0.1/x');
    await refused('mongodb://Geheim:s3cret@127.0.0.1:1/x?nonsense=1');
  });

  test('is in no error: the server does not take it', { skip: withoutMongodb() }, async t => {
    const mongodb = await startMongodb();
    t.after(() => mongodb.stop());
    const url = new URL(databaseUrl(mongodb.database()));
    url.username = 'Geheim';
    url.password = 's3cret';
    await refused(url.href);
  });
});

function noting(lines: unknown[]): Logger {
  const note = (fields: object, message: string): void => void lines.push(fields, message);
  return { debug: note, info: note, warn: note, error: note, child: () => noting(lines) };
}
