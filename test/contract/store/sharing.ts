/** What a watcher hears of the writes of other processes, where a store is shared. */
import assert from 'node:assert/strict';
import { boat, type Cases, listen } from './harbour.ts';

export const SHARING: Cases = {
  async 'it says that it is shared'({ store }) {
    assert.equal(store.shared, true);
  },

  async 'it hears of what others insert, replace and remove'({ boats, open }) {
    const other = await open();
    const { heard, until } = listen(other.boats);
    await other.boats.find();
    await boats.insert(boat('a'));
    await until(all => all.includes('a:1'));
    await boats.replace(boat('a'), 1);
    await until(all => all.includes('a:2'));
    await boats.remove('a');
    await until(all => all.includes('a:gone'));
    assert.deepEqual(heard, ['a:1', 'a:2', 'a:gone']);
  },

  async 'several changes of one document may come as one, the last one always'({ boats, open }) {
    const other = await open();
    const { heard, until } = listen(other.boats);
    await other.boats.find();
    await boats.insert(boat('a'));
    for (let revision = 1; revision < 20; revision++) await boats.replace(boat('a'), revision);
    await until(all => all.includes('a:20'));
    assert.deepEqual(
      heard,
      heard.toSorted((x, y) => Number(x.slice(2)) - Number(y.slice(2))),
    );
    assert.equal(new Set(heard).size, heard.length);
  },

  async 'between what was read and what is heard there is no gap'({ boats, open }) {
    const other = await open();
    let going = true;
    const writer = (async () => {
      for (let n = 0; going; n++) await boats.insert(boat(`boat${String(n).padStart(4, '0')}`));
    })();
    await new Promise(resolve => setTimeout(resolve, 50));
    const { heard, until } = listen(other.boats);
    const read = await other.boats.find();
    going = false;
    await writer;
    const all = await boats.find();
    const known = () => new Set([...read.map(({ id }) => id), ...heard.map(line => line.split(':')[0])]);
    await until(() => known().size === all.length);
    assert.ok(read.length > 0 && all.length >= read.length);
  },

  async 'own writes are told once, though others write the same documents'({ boats, open }) {
    const other = await open();
    const { heard, until } = listen(boats);
    const own: string[] = [];
    for (let n = 0; n < 40; n++) {
      const id = `boat${n % 4}`;
      const handle = n % 3 === 0 ? other.boats : boats;
      const now = await handle.get(id);
      const stored = await (now ? handle.replace(boat(id), now.revision) : handle.insert(boat(id)));
      if (handle === boats) own.push(`${id}:${stored.revision}`);
    }
    await other.boats.insert(boat('end'));
    await until(all => all.includes('end:1'));
    assert.equal(new Set(heard).size, heard.length, 'nothing twice');
    for (const line of own) assert.ok(heard.includes(line), line);
    const last = (await boats.find()).map(({ id, revision }) => `${id}:${revision}`);
    for (const line of last) assert.ok(heard.includes(line), line);
    for (const { id } of await boats.find()) {
      const revisions = heard
        .filter(line => line.startsWith(`${id}:`))
        .map(line => Number(line.split(':')[1]));
      assert.deepEqual(
        revisions,
        revisions.toSorted((x, y) => x - y),
        id,
      );
    }
  },

  async 'a document that was removed and made anew by others is heard of as it is'({ boats, open }) {
    const other = await open();
    await boats.insert(boat('a', { owner: 'ann' }));
    const { heard, until } = listen(other.boats);
    await other.boats.find();
    await boats.remove('a');
    await boats.insert(boat('a', { owner: 'bob' }));
    await until(all => all.at(-1) === 'a:1');
    assert.ok(heard.length <= 2, heard.join());
  },

  async 'a watcher that begins anew hears of later changes only'({ boats, open }) {
    const other = await open();
    const first = listen(other.boats);
    await other.boats.find();
    first.stop();
    await boats.insert(boat('a'));
    const second = listen(other.boats);
    await other.boats.find();
    await boats.insert(boat('b'));
    await second.until(all => all.includes('b:1'));
    assert.deepEqual([first.heard, second.heard], [[], ['b:1']]);
  },

  async 'hundreds of changes by others are all heard of'({ boats, open }) {
    const other = await open();
    const { heard, until } = listen(other.boats);
    await other.boats.find();
    await Promise.all(Array.from({ length: 700 }, (_, n) => boats.insert(boat(`boat${n}`))));
    await until(all => all.length >= 700);
    assert.equal(new Set(heard).size, 700);
  },
};
