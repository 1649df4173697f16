import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test';
import { type ClusterConfig, clusterSettings, startCluster } from '@hedgerow/cluster-orchestrator';
import { type Archived, migrate, openSqlite, silentLogger, systemClock } from '@hedgerow/common';
import { openStore } from '@hedgerow/common/open-store';
import demo from '@hedgerow/examples/demo.json' with { type: 'json' };
import { type RootConfig, rootSettings, startRoot } from '@hedgerow/root-orchestrator';
import { MIGRATIONS } from '@hedgerow/root-orchestrator/migrations';
import { startMongodb, type TestMongodb, withoutMongodb } from '@hedgerow/test/support/mongodb.ts';
import { runCli } from '../app.ts';
import { openPlace } from './place.ts';
import { KEPT } from './roles.ts';

const deps = { clock: systemClock, log: silentLogger };
let folder = '';
/** of a root with an application, stopped */
let seeded = '';
let session = { token: '', refresh_token: '' };
/** where a test makes its own */
let own = '';
let file = '';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hedge-backup-'));
  seeded = join(folder, 'seeded');
  const root = await startIn({ data: seeded });
  session = await login(root.url);
  await post(root.url, '/api/application', demo, session.token);
  await root.stop();
});
after(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  own = mkdtempSync(join(folder, 'own-'));
  file = join(own, 'backup.ndjson');
});

async function startIn(config: Partial<RootConfig>, t?: TestContext) {
  const root = await startRoot({ ...defaults<RootConfig>(rootSettings), port: 0, ...config }, deps);
  t?.after(() => root.stop());
  return root;
}

function defaults<C>(settings: object): C {
  const entries = Object.entries(settings as Record<string, { default: unknown }>);
  return Object.fromEntries(entries.map(([key, setting]) => [key, setting.default])) as C;
}

async function post(url: string, path: string, body: unknown, token = ''): Promise<Record<string, string>> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
  return (await answer.json()) as Record<string, string>;
}

async function login(url: string): Promise<typeof session> {
  return (await post(url, '/api/auth/login', { username: 'Admin', password: 'Admin' })) as typeof session;
}

async function applications(url: string, token: string): Promise<string[]> {
  const answer = await fetch(`${url}/api/applications/`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200);
  const text = JSON.parse(await answer.text()) as unknown;
  const list = (typeof text === 'string' ? JSON.parse(text) : text) as { application_name: string }[];
  return list.map(({ application_name }) => application_name);
}

async function hedge(...argv: string[]) {
  let told = '';
  const code = await runCli(argv, {
    env: { HOME: folder },
    out() {},
    err(text) {
      told += text;
    },
    read: async () => '',
    ask: async () => null,
  });
  return { code, err: told };
}

async function done(...argv: string[]): Promise<string> {
  const { code, err } = await hedge(...argv);
  assert.equal(code, 0, err);
  return err;
}

/** Everything in a store, without what changes with every start or restore. */
async function contents(mongodbUrl: string, data = ''): Promise<string[]> {
  const sqliteFile = join(data, 'root.sqlite');
  const store = await openStore({ mongodbUrl, sqliteFile, durability: 'normal' });
  try {
    const lasting: string[] = [];
    for await (const line of store.dump())
      if (!['leases', 'secrets'].includes(line.collection))
        lasting.push(JSON.stringify(line, (key, value) => (key === 'generation_floor' ? undefined : value)));
    return lasting;
  } finally {
    await store.close();
  }
}

test('an update after a restore has a generation that no worker has seen, after a second restore, too', async t => {
  await done('backup', file, '--data', seeded);
  const data = join(own, 'data');
  const generations: number[] = [];
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  for (const force of [[], ['--force']]) {
    await done('restore', file, '--data', data, ...force);
    const root = await startIn({ data });
    const headers = { authorization: `Bearer ${session.token}` };
    const [service] = (await (await fetch(`${root.url}/api/services`, { headers })).json()) as {
      microserviceID: string;
      generation: number;
    }[];
    assert.equal(service?.generation, 1);
    for (const memory of [7, 8]) {
      const body = JSON.stringify({ memory });
      const path = `${root.url}/api/service/${service?.microserviceID}`;
      const changed = await fetch(path, { method: 'PUT', headers, body });
      generations.push(((await changed.json()) as { generation: number }).generation);
    }
    await root.stop();
    // as long as three updates of one service take at least
    t.mock.timers.setTime(Date.now() + 3000);
  }
  assert.deepEqual(
    generations,
    generations.toSorted((a, b) => a - b),
  );
  assert.equal(new Set(generations).size, 4);
  assert.ok((generations[0] ?? 0) > 1000);
});

test('a root lives on in another directory: users, logins and applications', async t => {
  assert.match(await done('backup', file, '--data', seeded), /\d+ documents and 2 secrets of the root/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const data = join(own, 'data');
  await done('restore', file, '--data', data);
  assert.deepEqual(await contents('', data), await contents('', seeded));
  for (const name of KEPT.root.secrets) {
    assert.equal(readFileSync(join(data, name), 'utf8'), readFileSync(join(seeded, name), 'utf8'));
    assert.equal(statSync(join(data, name)).mode & 0o777, 0o600);
  }
  const root = await startIn({ data }, t);
  assert.deepEqual(
    await applications(root.url, session.token),
    ['clientsrvr'],
    'a token from before is good',
  );
  assert.deepEqual(await applications(root.url, (await login(root.url)).token), ['clientsrvr']);
  await root.stop();
  assert.equal(statSync(join(data, 'root.sqlite')).mode & 0o777, 0o600);
});

test('what a root and a cluster keep beside their store is known', async () => {
  const data = join(own, 'cluster');
  const config = { ...defaults<ClusterConfig>(clusterSettings), data, port: 0, mqttPort: 0, name: 'c1' };
  const cluster = await startCluster({ ...config, root: '127.0.0.1:1' }, deps);
  await cluster.stop();
  for (const [role, folder] of [
    ['root', seeded],
    ['cluster', data],
  ] as const) {
    const files = readdirSync(folder).filter(name => !name.startsWith(KEPT[role].file));
    const unknown = files.filter(name => !KEPT[role].secrets.includes(name));
    assert.deepEqual(unknown, [], `${role}: left out of its backups`);
  }
  const again = join(own, 'again');
  await done('backup', '--role', 'cluster', file, '--data', data);
  await done('restore', file, '--data', again);
  assert.deepEqual(readdirSync(again).sort(), ['cluster.sqlite', 'worker-token']);
});

test('a backup of a store that is being written is of one moment', async t => {
  const data = join(own, 'live');
  const store = openSqlite({ file: join(data, 'root.sqlite'), durability: 'normal' });
  const notes = store.collection<{ id: string; revision: number; text: string }>('notes', []);
  const pairs = store.collection<{ id: string; revision: number }>('pairs', []);
  // Long, so that the backup has to wait for the disk while it reads.
  const text = `\u2028 – \r "\n ${'x'.repeat(3000)}`;
  let going = true;
  t.after(() => {
    going = false;
  });
  const writer = (async () => {
    for (let n = 0; going; n++) {
      // The second of each is written later, and its collection is read later.
      await notes.insert({ id: `n${String(n).padStart(6, '0')}`, text });
      await pairs.insert({ id: `n${String(n).padStart(6, '0')}` });
      if (n % 50 === 0) await new Promise(setImmediate);
    }
  })();
  for (let n = 0; n < 5; n++) {
    await done('backup', file, '--data', data);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const kept = lines.map(line => JSON.parse(line) as Archived);
    const count = (name: string) => kept.filter(({ collection }) => collection === name).length;
    assert.ok(count('notes') - count('pairs') <= 1, `${count('notes')} and ${count('pairs')}`);
    assert.ok(count('notes') >= count('pairs'));
  }
  going = false;
  await writer;
  await store.close();
});

test('a file that is cut short or changed anywhere is refused, and nothing is touched', async () => {
  await done('backup', file, '--data', seeded);
  const whole = readFileSync(file);
  const data = join(own, 'data');
  const refused = async (bytes: Buffer, what: string) => {
    writeFileSync(file, bytes);
    const { code, err } = await hedge('restore', file, '--data', data);
    assert.equal(code, 5, `${what}: ${err}`);
    assert.match(err, /no whole backup.*nothing was changed/, what);
    assert.equal(existsSync(data), false, what);
  };
  for (const length of [
    0,
    1,
    20,
    whole.indexOf('\n') + 1,
    whole.length >> 1,
    whole.length - 90,
    whole.length - 1,
  ])
    await refused(whole.subarray(0, length), `the first ${length} bytes`);
  for (const at of [3, 60, whole.indexOf('\n') + 5, whole.length >> 1, whole.length - 30]) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] as number) ^ 1;
    await refused(changed, `byte ${at} changed`);
  }
  const lines = whole.toString().split('\n');
  await refused(Buffer.from(lines.toSpliced(4, 1).join('\n')), 'a line is missing');
  await refused(Buffer.from('not a backup at all\n'), 'another file');
  writeFileSync(file, whole);
  await done('restore', file, '--data', data);
});

test('a file with names that no backup has writes nowhere, though its checksum is right', async () => {
  const header = { hedgerow: 'backup', format: 1, role: 'root', schema: 0, made: '', version: '1' };
  const data = join(own, 'data');
  const odd = [
    { secret: '../outside', value: 'x' },
    { secret: 'worker-token', value: 'of a cluster' },
    { collection: 'a"; DROP TABLE users; --', document: { id: 'a', revision: 1 } },
    { collection: 'users', document: { id: 'a' } },
  ];
  for (const line of odd) {
    const text = `${JSON.stringify(header)}\n${JSON.stringify(line)}\n`;
    const sha256 = createHash('sha256').update(text).digest('hex');
    writeFileSync(file, `${text}${JSON.stringify({ sha256 })}\n`);
    const { code, err } = await hedge('restore', file, '--data', data);
    assert.equal(code, 5, JSON.stringify(line));
    assert.match(err, /line 2 is nothing that a root keeps; nothing was changed/);
    assert.deepEqual(readdirSync(own), ['backup.ndjson']);
  }
});

test('what a newer version made is refused', async () => {
  const data = join(own, 'data');
  for (const newer of [{ format: 2 }, { schema: MIGRATIONS.length + 1 }]) {
    const header = {
      hedgerow: 'backup',
      format: 1,
      role: 'root',
      schema: 0,
      made: '',
      version: '9.9.9',
      ...newer,
    };
    writeFileSync(file, `${JSON.stringify(header)}\n{}\n`);
    const { code, err } = await hedge('restore', file, '--data', data);
    assert.equal(code, 1);
    assert.match(err, /newer version \(9\.9\.9\)/);
    assert.equal(existsSync(data), false);
  }
});

test('a store that holds something is only replaced by force, and never while it is in use', async t => {
  await done('backup', file, '--data', seeded);
  const data = join(own, 'data');
  const root = await startIn({ data }, t);
  const early = await hedge('restore', file, '--data', data, '--force');
  assert.equal(early.code, 5);
  assert.match(early.err, /open in another process: stop the root first/);
  await root.stop();
  const before = await contents('', data);
  const second = await hedge('restore', file, '--data', data);
  assert.equal(second.code, 5);
  assert.match(second.err, /holds something already; --force/);
  assert.deepEqual(await contents('', data), before);
  await done('restore', file, '--data', data, '--force');
  assert.deepEqual(await contents('', data), await contents('', seeded));
});

test('what cannot be read or written says so', async () => {
  const missing = await hedge('backup', file, '--data', join(own, 'nowhere'));
  assert.deepEqual([missing.code, existsSync(file), existsSync(join(own, 'nowhere'))], [2, false, false]);
  assert.match(missing.err, /no store .*--data/);
  const place = await hedge('backup', join(own, 'no/such/folder'), '--data', seeded);
  assert.equal(place.code, 1);
  assert.match(place.err, /cannot be written/);
  const unread = await hedge('restore', join(own, 'gone'), '--data', own);
  assert.equal(unread.code, 2);
  assert.match(unread.err, /cannot be read/);
  const cluster = await hedge('backup', '--role', 'cluster', file, '--mongodb', 'mongodb://127.0.0.1:1/x');
  assert.equal(cluster.code, 2);
  assert.deepEqual(readdirSync(own), []);
});

describe('MongoDB', { skip: withoutMongodb() }, () => {
  let mongodb: TestMongodb;
  before(async () => {
    mongodb = await startMongodb();
  });
  after(() => mongodb.stop());

  test('a root outgrows its machine, and comes back', async t => {
    const url = mongodb.database();
    await done('backup', file, '--data', seeded);
    await done('restore', file, '--mongodb', url);
    assert.deepEqual(await contents(url), await contents('', seeded));
    const data = join(own, 'data');
    const root = await startIn({ data, mongodb: url }, t);
    assert.deepEqual(
      await applications(root.url, session.token),
      ['clientsrvr'],
      'the signing key came along',
    );
    const token = readFileSync(join(seeded, 'cluster-token'), 'utf8');
    assert.equal(readFileSync(join(data, 'cluster-token'), 'utf8'), token);
    const early = await hedge('restore', file, '--mongodb', url, '--force');
    assert.equal(early.code, 5);
    assert.match(early.err, /stop every root first/);
    const live = join(own, 'live.ndjson');
    await done('backup', live, '--mongodb', url);
    await root.stop();
    const back = join(own, 'back');
    await done('restore', live, '--data', back);
    assert.deepEqual(await contents('', back), await contents(url));
    const again = await startIn({ data: back }, t);
    assert.deepEqual(await applications(again.url, session.token), ['clientsrvr']);
    await again.stop();
    const full = await hedge('restore', live, '--mongodb', url);
    assert.match(full.err, /holds something already/);
    await done('restore', live, '--mongodb', url, '--force');
  });

  test('a restore that was cut short is no store to start with, until it is done again', async () => {
    const url = mongodb.database();
    await done('backup', file, '--data', seeded);
    const place = await openPlace({ role: 'root', mongodb: url });
    async function* half() {
      yield { collection: 'users', document: { id: 'a', revision: 1 } };
      throw new Error('killed');
    }
    await assert.rejects(place.load(half()), /killed/);
    await place.close();
    const start = async () => {
      const store = await openStore({ mongodbUrl: url, sqliteFile: '', durability: 'full' });
      await migrate(store, { role: 'root', migrations: MIGRATIONS, log: silentLogger }).finally(() =>
        store.close(),
      );
    };
    await assert.rejects(start(), /restore into this store was cut short/);
    await done('restore', file, '--mongodb', url, '--force');
    await start();
  });
});
