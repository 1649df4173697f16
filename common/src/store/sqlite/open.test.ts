/** A store is opened while its disk is full: what is there can be read, what is new is refused until there is room. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isErrorOf } from '../../errors.ts';
import { smallDisk, withoutSmallDisk } from '../../testing/small-disk.ts';
import { isSqliteInUse, openSqlite } from '../sqlite.ts';
import { type Document, STORE_ERRORS } from '../store.ts';
import type { Durability } from './open.ts';

interface Note extends Document {
  text: string;
}

const isFull = (error: unknown) => isErrorOf(error, STORE_ERRORS.STORE_FULL);
const texts = (documents: Note[]) => documents.map(({ text }) => text).join('');
const LONG = 'x'.repeat(10_000);

function open(file: string, durability: Durability) {
  const store = openSqlite({ file, durability });
  return { store, notes: store.collection<Note>('notes', ['text']) };
}

/** A file that was closed as it should be, so that nothing lies beside it, on a disk that is full by now. */
async function filled(t: TestContext, durability: Durability) {
  const disk = smallDisk();
  t.after(() => disk.remove());
  const file = join(disk.path, 'test.sqlite');
  const { store, notes } = open(file, durability);
  await notes.insert({ id: 'a', text: 'a' });
  await store.close();
  disk.fill();
  return { disk, file };
}

for (const durability of ['full', 'normal'] as const)
  test(`on a full disk (${durability})`, { skip: withoutSmallDisk() }, async t => {
    const { disk, file } = await filled(t, durability);
    const { store, notes } = open(file, durability);
    assert.equal(texts(await notes.find({ text: 'a' })), 'a');
    await assert.rejects(notes.insert({ id: 'b', text: LONG }), isFull);
    assert.equal(isSqliteInUse(file), true, 'nobody else takes it for free');
    assert.equal(texts(await notes.find()), 'a');

    disk.clear();
    await notes.insert({ id: 'b', text: 'b' });
    const dumped: string[] = [];
    for await (const { document } of store.dump()) dumped.push(document.id);
    assert.deepEqual(dumped, ['a', 'b'], 'others may read beside it again');
    await notes.insert({ id: 'c', text: 'c' });
    const beside = open(file, durability);
    await beside.notes.insert({ id: 'd', text: 'd' });
    await beside.store.close();
    assert.equal(texts(await notes.find()), 'abcd');
    await store.close();
    const again = open(file, durability);
    assert.equal(texts(await again.notes.find()), 'abcd');
    await again.store.close();
  });

test('closed while it is still full, it is as it was', { skip: withoutSmallDisk() }, async t => {
  const { disk, file } = await filled(t, 'full');
  for (let time = 0; time < 2; time++) {
    const { store, notes } = open(file, 'full');
    await assert.rejects(notes.insert({ id: 'b', text: LONG }), isFull);
    await store.close();
  }
  disk.clear();
  const { store, notes } = open(file, 'full');
  assert.equal(texts(await notes.find()), 'a');
  await store.close();
});

test('a new store cannot begin on a full disk', { skip: withoutSmallDisk() }, async t => {
  const { disk } = await filled(t, 'full');
  const file = join(disk.path, 'new.sqlite');
  assert.throws(() => open(file, 'full'), isFull);
});
