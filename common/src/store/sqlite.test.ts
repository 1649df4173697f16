import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { storeContract } from '@hedgerow/test/contract/store.contract.ts';
import { type ErrorKind, isErrorOf } from '../errors.ts';
import { openSqlite } from './sqlite.ts';
import { type Document, STORE_ERRORS, update } from './store.ts';

interface Note extends Document {
  text: string;
}

const root = mkdtempSync(join(tmpdir(), 'hedgerow-sqlite-'));
after(() => rmSync(root, { recursive: true }));
const newFile = () => join(mkdtempSync(join(root, 'store-')), 'data', 'test.sqlite');
const open = (file: string) => openSqlite({ file, durability: 'normal' });

storeContract('SQLite', async () => {
  const file = newFile();
  return { open: async () => openSqlite({ file, durability: 'full' }), drop: async () => rmSync(file) };
});

test('a store in memory ends with its handle', async () => {
  const store = open(':memory:');
  const notes = store.collection<Note>('notes', ['text']);
  await notes.insert({ id: 'a', text: 'x' });
  assert.equal((await notes.find({ text: 'x' })).length, 1);
  await store.close();
  assert.equal(await open(':memory:').collection<Note>('notes', []).get('a'), null);
});

test('file and folder are for this user alone', async () => {
  const file = newFile();
  const store = open(file);
  await store.collection<Note>('notes', []).insert({ id: 'a', text: 'x' });
  assert.equal(statSync(join(file, '..')).mode & 0o777, 0o700);
  const files = readdirSync(join(file, '..'));
  assert.ok(files.length > 1, 'the journal is there');
  for (const name of files) assert.equal(statSync(join(file, '..', name)).mode & 0o777, 0o600, name);
  await store.close();
});

test('find uses the index', async () => {
  const file = newFile();
  const store = open(file);
  store.collection<Note>('notes', ['text']);
  await store.close();
  const db = new DatabaseSync(file);
  const plan = db.prepare(`EXPLAIN QUERY PLAN SELECT body FROM "notes" WHERE body ->> '$.text' = ?`).all('x');
  db.close();
  assert.match(JSON.stringify(plan), /USING INDEX notes_text/);
});

test('another process writes the same file at the same time and no change is lost', async () => {
  const file = newFile();
  const store = open(file);
  const counters = store.collection<Document & { count: number }>('counters', []);
  await counters.insert({ id: 'a', count: 0 });
  const program = `
    const { openSqlite, update } = await import(${JSON.stringify(new URL('../index.ts', import.meta.url).href)});
    const store = openSqlite({ file: ${JSON.stringify(file)}, durability: 'normal' });
    const counters = store.collection('counters', []);
    console.log('ready');
    for (let i = 0; i < 300; i++) await update(counters, 'a', c => ({ ...c, count: c.count + 1 }));
    await store.close();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  await once(child.stdout, 'data');
  for (let i = 0; i < 300; i++) {
    await update(counters, 'a', c => ({ ...c, count: c.count + 1 }));
    if (i % 10 === 0) await new Promise(setImmediate);
  }
  assert.deepEqual(await exit, [0, null]);
  assert.equal((await counters.get('a'))?.count, 600);
  await store.close();
});

test('a writer that was killed leaves everything that was answered', async () => {
  const file = newFile();
  const program = `
    const { openSqlite } = await import(${JSON.stringify(new URL('../index.ts', import.meta.url).href)});
    const notes = openSqlite({ file: ${JSON.stringify(file)}, durability: 'full' }).collection('notes', []);
    for (let i = 0; ; i++) {
      await notes.insert({ id: String(i).padStart(6, '0'), text: 'x' });
      process.stdout.write(i + '\\n');
      await new Promise(setImmediate);
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  const exit = once(child, 'exit');
  for await (const chunk of child.stdout) {
    told += chunk;
    if (told.length > 200) child.kill('SIGKILL');
  }
  await exit;
  const answered = told.slice(0, told.lastIndexOf('\n')).split('\n').length;
  const store = open(file);
  const kept = await store.collection<Note>('notes', []).find();
  assert.ok(kept.length >= answered, `${kept.length} kept of ${answered}`);
  await store.close();
});

const isRoot = process.getuid?.() === 0;
for (const durability of ['normal', 'full'] as const)
  test(`a full disk is STORE_FULL, reading goes on, and so does writing once there is room (${durability})`, {
    skip: !isRoot && 'mounting a small disk needs root',
  }, async t => {
    const disk = mkdtempSync(join(root, 'disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', disk]);
    t.after(() => execFileSync('umount', [disk]));
    const ballast = join(disk, 'ballast');
    const store = openSqlite({ file: join(disk, 'full.sqlite'), durability });
    const notes = store.collection<Note>('notes', []);
    await notes.insert({ id: 'first', text: 'x' });
    fill(ballast);
    const writes = Array.from({ length: 100 }, (_, n) =>
      notes.insert({ id: `big${n}`, text: 'x'.repeat(10_000) }),
    );
    const reading = notes.get('first');
    const results = await Promise.allSettled(writes);
    const stored = (await notes.find()).length - 1;
    const refused = results.filter(result => result.status === 'rejected');
    assert.equal(stored + refused.length, 100, 'what is stored was not refused');
    assert.ok(refused.length > 0);
    for (const { reason } of refused) assert.ok(isErrorOf(reason, STORE_ERRORS.STORE_FULL), String(reason));
    assert.equal((await reading)?.text, 'x');
    rmSync(ballast);
    assert.equal((await notes.insert({ id: 'last', text: 'x' })).revision, 1);
    await store.close();
  });

test('writes of one turn are one transaction; what is read after a write is its result', async () => {
  const file = newFile();
  const store = openSqlite({ file, durability: 'full' });
  const notes = store.collection<Note>('notes', []);
  const beside = new DatabaseSync(file, { readOnly: true });
  const count = () => Number(beside.prepare('SELECT count(*) AS n FROM notes').get()?.n);
  const counts: number[] = [];
  notes.watch(() => counts.push(count()));
  const writes = Array.from({ length: 20 }, (_, n) => notes.insert({ id: String(n), text: 'x' }));
  const reads = [notes.get('7'), notes.get('20'), notes.insert({ id: '20', text: 'x' }), notes.get('20')];
  assert.equal(count(), 0);
  await Promise.all(writes);
  assert.deepEqual(
    (await Promise.all(reads)).map(note => note?.id),
    ['7', undefined, '20', '20'],
  );
  assert.deepEqual(counts, Array(21).fill(21), 'all were there when the first was told');
  beside.close();
  await store.close();
});

test('what was called before the handle is closed is stored', async () => {
  const file = newFile();
  const first = openSqlite({ file, durability: 'full' });
  const notes = first.collection<Note>('notes', []);
  const writes = [notes.insert({ id: 'a', text: 'x' }), notes.insert({ id: 'b', text: 'x' })];
  await first.close();
  await Promise.all(writes);
  const second = open(file);
  assert.equal((await second.collection<Note>('notes', []).find()).length, 2);
  await second.close();
});

test('a file that is no database fails to open, with its name', () => {
  const file = newFile();
  mkdirSync(join(file, '..'), { recursive: true });
  const handle = openSync(file, 'w');
  writeSync(handle, 'this is a letter, not a database. '.repeat(100));
  closeSync(handle);
  assert.throws(
    () => open(file),
    error => isErrorOf(error, STORE_ERRORS.STORE_FAILED) && error.message.includes(file),
  );
});

test('a path that cannot be a file fails to open, with its name', () => {
  const file = newFile();
  mkdirSync(file, { recursive: true });
  for (const path of [file, '/dev/null/data/test.sqlite'])
    assert.throws(
      () => open(path),
      error => isErrorOf(error, STORE_ERRORS.STORE_FAILED) && error.message.includes(path),
    );
});

test('damaged pages are STORE_FAILED, never "not found"', async () => {
  const file = newFile();
  const first = open(file);
  const notes = first.collection<Note>('notes', ['text']);
  for (let i = 0; i < 200; i++) await notes.insert({ id: `note${i}`, text: 'x'.repeat(200) });
  await first.close();
  damage(file);
  const store = open(file);
  await fails(
    (async () => store.collection<Note>('notes', ['text']).get('note77'))(),
    STORE_ERRORS.STORE_FAILED,
  );
  await fails((async () => store.collection<Note>('notes', ['text']).find())(), STORE_ERRORS.STORE_FAILED);
  await store.close();
});

test('a document that is no JSON is STORE_FAILED', async () => {
  const file = newFile();
  const store = open(file);
  const notes = store.collection<Note>('notes', []);
  await notes.insert({ id: 'a', text: 'x' });
  const db = new DatabaseSync(file);
  db.exec(`UPDATE notes SET body = '{"id":"a","text"'`);
  db.close();
  await fails(notes.get('a'), STORE_ERRORS.STORE_FAILED);
  await fails(notes.find(), STORE_ERRORS.STORE_FAILED);
  await store.close();
});

/** Overwrites everything behind the first page, which holds the schema. */
function damage(file: string): void {
  const page = 4096;
  const size = statSync(file).size;
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(size - page, 0xa5), 0, size - page, page);
  closeSync(handle);
}

/** Writes until the disk takes no more. */
function fill(file: string): void {
  const handle = openSync(file, 'w');
  try {
    for (;;) writeSync(handle, Buffer.alloc(4096));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    closeSync(handle);
  }
}

async function fails(promise: Promise<unknown>, kind: ErrorKind): Promise<void> {
  await assert.rejects(promise, error => {
    assert.ok(isErrorOf(error, kind), `${kind.code} expected, found ${String(error)}`);
    return true;
  });
}
