import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { isErrorOf } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import { beginRestore, endRestore, type Migration, migrate, openSchemas } from './migrations.ts';
import { openSqlite } from './sqlite.ts';
import { type Document, STORE_ERRORS, type Store, update } from './store.ts';

interface Note extends Document {
  text?: string;
  words?: string[];
}

let store: Store;
let ran: number[] = [];
beforeEach(() => {
  store = openSqlite({ file: ':memory:', durability: 'normal' });
  ran = [];
});

const notes = () => store.collection<Note>('notes', []);
const run = (...migrations: Migration[]) => migrate(store, { role: 'scribe', migrations, log: silentLogger });
const noted = (version: number): Migration => ({
  version,
  name: `step ${version}`,
  up: async () => void ran.push(version),
});

/** What a real one looks like. @param after called with each document that was changed */
const split = (after: (id: string) => void = () => {}): Migration => ({
  version: 1,
  name: 'text becomes words',
  async up(opened) {
    for (const { id } of await opened.collection<Note>('notes', []).find()) {
      await update(opened.collection<Note>('notes', []), id, ({ text, ...note }) =>
        text === undefined ? null : { ...note, words: text.split(' ') },
      );
      after(id);
    }
  },
});

test('each migration runs once, in order, and the version is kept', async () => {
  assert.equal(await run(noted(1), noted(2)), 2);
  assert.equal(await run(noted(1), noted(2)), 2);
  assert.deepEqual(ran, [1, 2]);
  assert.equal(await run(noted(1), noted(2), noted(3)), 3);
  assert.deepEqual(ran, [1, 2, 3]);
  assert.equal((await openSchemas(store).get('scribe'))?.version, 3);
});

test('roles that share a store have versions of their own', async () => {
  await run(noted(1), noted(2));
  const other = { role: 'reader', migrations: [noted(1)], log: silentLogger };
  assert.equal(await migrate(store, other), 1);
  assert.deepEqual(ran, [1, 2, 1]);
  assert.equal(await migrate(store, { ...other, role: 'nobody', migrations: [] }), 0);
});

test('one that a crash cut short runs again from where the version stands', async () => {
  for (const id of ['a', 'b', 'c']) await notes().insert({ id, text: 'x y' });
  const crash = split(id => {
    if (id === 'b') throw new Error('killed');
  });
  await assert.rejects(run(crash), /killed/);
  assert.equal(await openSchemas(store).get('scribe'), null);
  assert.equal(await run(split()), 1);
  const kept = await notes().find();
  assert.deepEqual(
    kept.map(({ words, text }) => [words, text]),
    Array(3).fill([['x', 'y'], undefined]),
  );
  assert.deepEqual(
    kept.map(({ revision }) => revision),
    [2, 2, 2],
    'no document was changed twice',
  );
});

test('several that start at once change every document once', async () => {
  for (let n = 0; n < 50; n++) await notes().insert({ id: `note${n}`, text: 'x y' });
  const versions = await Promise.all([
    run(split(), noted(2)),
    run(split(), noted(2)),
    run(split(), noted(2)),
  ]);
  assert.deepEqual(versions, [2, 2, 2]);
  for (const note of await notes().find()) assert.equal(note.revision, 2);
});

test('the version never goes back when one of several is slow', async () => {
  let release = (): void => {};
  const slow: Migration = { ...noted(1), up: () => new Promise(resolve => (release = resolve)) };
  const late = run(slow, noted(2));
  await new Promise(setImmediate);
  await run(noted(1), noted(2));
  release();
  assert.equal(await late, 2);
  assert.equal((await openSchemas(store).get('scribe'))?.version, 2);
});

test('a store of a newer version is refused and left alone', async () => {
  await notes().insert({ id: 'a', text: 'x' });
  await run(noted(1), noted(2));
  await assert.rejects(run(split()), error => {
    assert.ok(isErrorOf(error, STORE_ERRORS.STORE_NEWER), String(error));
    assert.match(error.message, /newer version.*scribe.*schema 2.*up to 1/);
    return true;
  });
  assert.equal((await notes().get('a'))?.revision, 1);
});

test('half a restore is refused until the other half came', async () => {
  await beginRestore(store);
  await assert.rejects(run(noted(1)), /restore .* cut short/);
  assert.deepEqual(ran, []);
  await endRestore(store);
  assert.equal(await run(noted(1)), 1);
});

test('numbers with a gap are a mistake of the program', async () => {
  await assert.rejects(run(noted(2)), TypeError);
  await assert.rejects(run(noted(1), noted(3)), TypeError);
  assert.deepEqual(ran, []);
});
