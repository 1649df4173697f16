/** A watcher hears of every change that this handle makes: of each once, and before its promise resolves. */
import assert from 'node:assert/strict';
import { type Boat, boat, type Cases, listen } from './harbour.ts';

export const WATCHING: Cases = {
  async 'of each own write it hears before the promise resolves'({ boats }) {
    const { heard } = listen(boats);
    await boats.insert(boat('a'));
    assert.deepEqual(heard, ['a:1']);
    await boats.insert(boat('b'));
    await boats.replace(boat('a'), 1);
    assert.deepEqual(heard, ['a:1', 'b:1', 'a:2']);
    await boats.remove('a', 2);
    assert.deepEqual(heard, ['a:1', 'b:1', 'a:2', 'a:gone']);
    await boats.insert(boat('a'));
    assert.deepEqual(heard.slice(4), ['a:1']);
  },

  async 'it hears nothing of what was refused, nor of what was there before'({ boats }) {
    await boats.insert(boat('a'));
    const { heard } = listen(boats);
    await Promise.allSettled([boats.insert(boat('a')), boats.replace(boat('a'), 7), boats.remove('a', 7)]);
    assert.equal(await boats.remove('b'), false);
    await boats.find();
    assert.deepEqual(heard, []);
  },

  async 'it hears what was stored'({ boats }) {
    const told: (Boat | null)[] = [];
    boats.watch((_, document) => told.push(document));
    const stored = await boats.insert(boat('a', { crew: 7 }));
    await boats.remove('a');
    assert.deepEqual(told, [stored, null]);
  },

  async 'it hears of many writes at once, in order for each document'({ boats }) {
    const { heard } = listen(boats);
    const writing = Array.from({ length: 20 }, async (_, n) => {
      await boats.insert(boat(`boat${n}`));
      await boats.replace(boat(`boat${n}`), 1);
      await boats.remove(`boat${n}`);
    });
    await Promise.all(writing);
    assert.equal(heard.length, 60);
    for (let n = 0; n < 20; n++) {
      const own = heard.filter(line => line.startsWith(`boat${n}:`)).map(line => line.split(':')[1]);
      assert.deepEqual(own, ['1', '2', 'gone'], `boat${n}`);
    }
  },

  async 'it hears nothing once it was stopped; others do'({ boats }) {
    const [one, two] = [listen(boats), listen(boats)];
    await boats.insert(boat('a'));
    one.stop();
    one.stop();
    await boats.insert(boat('b'));
    assert.deepEqual([one.heard, two.heard], [['a:1'], ['a:1', 'b:1']]);
  },

  async 'it hears of its own collection, however that was opened'({ store, boats }) {
    const { heard } = listen(boats);
    await store.collection<Boat>('docks', []).insert(boat('a'));
    await store.collection<Boat>('boats', []).insert(boat('b'));
    assert.deepEqual(heard, ['b:1']);
  },
};
