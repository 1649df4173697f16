import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
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

  describe('reading everything again', () => {
    let collection: Collection<Thing>;
    let mirror: Mirror<Thing>;
    let tell: Parameters<Collection<Thing>['watch']>[0];
    let [beforeFind, afterFind]: (() => Promise<unknown>)[] = [];

    beforeEach(async () => {
      collection = things();
      for (const id of ['kept', 'other']) await collection.insert({ id, word: 'old' });
      [beforeFind, afterFind] = [undefined, undefined];
      mirror = new Mirror<Thing>({
        get: id => collection.get(id),
        insert: document => collection.insert(document),
        replace: (document, revision) => collection.replace(document, revision),
        remove: (id, revision) => collection.remove(id, revision),
        async find() {
          await beforeFind?.();
          const found = await collection.find();
          await afterFind?.();
          return found;
        },
        watch(watcher) {
          tell = watcher;
          return () => {};
        },
      });
      await mirror.start();
    });

    const words = () => Object.fromEntries([...mirror.all()].map(({ id, word }) => [id, word]));

    test('finds what was not told', async () => {
      await collection.remove('other');
      await collection.insert({ id: 'new', word: 'new' });
      await mirror.reload();
      assert.deepEqual(words(), { kept: 'old', new: 'new' });
    });

    test('leaves alone what is told meanwhile and newer', async () => {
      await collection.insert({ id: 'removed', word: 'old' });
      afterFind = async () => {
        tell('other', await collection.replace({ id: 'other', word: 'newer' }, 1));
        tell('late', await collection.insert({ id: 'late', word: 'late' }));
        await collection.remove('removed');
        tell('removed', null);
      };
      await mirror.reload();
      assert.deepEqual(words(), { kept: 'old', other: 'newer', late: 'late' });
    });

    test('takes what is read when what is told meanwhile is older', async () => {
      const second = await collection.replace({ id: 'other', word: 'second' }, 1);
      const left = await collection.insert({ id: 'left', word: 'left' });
      tell('left', left);
      beforeFind = async () => {
        await collection.replace({ id: 'other', word: 'third' }, 2);
        await collection.remove('left');
        tell('other', second);
        tell('left', left);
      };
      await mirror.reload();
      assert.deepEqual(words(), { kept: 'old', other: 'third' });
    });
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
