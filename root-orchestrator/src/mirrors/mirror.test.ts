import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Collection, type Document, openSqlite } from '@hedgerow/common';
import { Mirror } from './mirror.ts';

interface Thing extends Document {
  word: string;
}

function things(): Collection<Thing> {
  return openSqlite({ file: ':memory:', durability: 'normal' }).collection<Thing>('things', []);
}

describe('a mirror', () => {
  test('has what was there, and follows what changes, telling what it was before', async () => {
    const collection = things();
    await collection.insert({ id: 'a', word: 'one' });
    const mirror = new Mirror(collection);
    await mirror.start();
    assert.equal(mirror.get('a')?.word, 'one');
    const told: [string | undefined, string | undefined][] = [];
    mirror.listen((before, after) => told.push([before?.word, after?.word]));
    await collection.insert({ id: 'b', word: 'two' });
    await collection.replace({ id: 'a', word: 'uno' }, 1);
    await collection.remove('b');
    assert.deepEqual(told, [
      [undefined, 'two'],
      ['one', 'uno'],
      ['two', undefined],
    ]);
    assert.deepEqual(
      [...mirror.all()].map(({ word }) => word),
      ['uno'],
    );
    mirror.stop();
    await collection.remove('a');
    assert.equal(told.length, 3);
  });

  test('reading everything again finds what was not told, and leaves alone what is told meanwhile', async () => {
    const collection = things();
    for (const id of ['kept', 'replaced', 'removed', 'unseen']) await collection.insert({ id, word: 'old' });
    let tell: Parameters<Collection<Thing>['watch']>[0] = () => {};
    let duringFind = (): void => {};
    const deaf: Collection<Thing> = {
      get: id => collection.get(id),
      insert: document => collection.insert(document),
      replace: (document, revision) => collection.replace(document, revision),
      remove: (id, revision) => collection.remove(id, revision),
      async find() {
        const found = await collection.find();
        duringFind();
        return found;
      },
      watch(watcher) {
        tell = watcher;
        return () => {};
      },
    };
    const mirror = new Mirror(deaf);
    await mirror.start();
    await collection.remove('unseen');
    await collection.insert({ id: 'new', word: 'new' });
    duringFind = () => {
      tell('replaced', { id: 'replaced', revision: 2, word: 'newer' });
      tell('removed', null);
      tell('late', { id: 'late', revision: 1, word: 'late' });
    };
    await mirror.reload();
    const words = Object.fromEntries([...mirror.all()].map(({ id, word }) => [id, word]));
    assert.deepEqual(words, { kept: 'old', replaced: 'newer', late: 'late', new: 'new' });
  });

  test('an older revision that is told late changes nothing', async () => {
    const collection = things();
    let tell: Parameters<Collection<Thing>['watch']>[0] = () => {};
    const original = collection.watch.bind(collection);
    collection.watch = watcher => {
      tell = watcher;
      return original(watcher);
    };
    const mirror = new Mirror(collection);
    await mirror.start();
    await collection.insert({ id: 'a', word: 'one' });
    await collection.replace({ id: 'a', word: 'two' }, 1);
    tell('a', { id: 'a', revision: 1, word: 'one' });
    assert.equal(mirror.get('a')?.word, 'two');
  });
});
