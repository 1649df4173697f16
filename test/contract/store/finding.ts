/** Looking for documents by their fields, and a page at a time. */
import assert from 'node:assert/strict';
import { type Boat, boat, type Cases, ids } from './harbour.ts';

export const FINDING: Cases = {
  async 'find filters by equality on every field given'({ boats }) {
    await boats.insert(boat('a', { owner: 'ann', crew: 1 }));
    await boats.insert(boat('b', { owner: 'ann', crew: 2 }));
    await boats.insert(boat('c', { owner: 'bob', crew: 2 }));
    assert.deepEqual(ids(await boats.find({ owner: 'ann' })), ['a', 'b']);
    assert.deepEqual(ids(await boats.find({ crew: 2 })), ['b', 'c']);
    assert.deepEqual(ids(await boats.find({ owner: 'ann', crew: 2 })), ['b']);
    assert.deepEqual(ids(await boats.find({ owner: 'Ann' })), []);
    assert.deepEqual(ids(await boats.find({ owner: "' OR 1=1 --" })), []);
  },

  async 'find tells a number from its text and true from false'({ boats }) {
    await boats.insert(boat('number', { owner: '7', crew: 7 }));
    await boats.insert(boat('sunk', { afloat: false }));
    assert.deepEqual(ids(await boats.find({ owner: '7' })), ['number']);
    assert.deepEqual(ids(await boats.find({ crew: 7 })), ['number']);
    assert.deepEqual(ids(await boats.find({ crew: '7' as unknown as number })), []);
    assert.deepEqual(ids(await boats.find({ afloat: true })), ['number']);
    assert.deepEqual(ids(await boats.find({ afloat: false })), ['sunk']);
  },

  async 'find follows a replaced field'({ boats }) {
    await boats.insert(boat('a', { owner: 'ann' }));
    await boats.replace(boat('a', { owner: 'bob' }), 1);
    assert.deepEqual(ids(await boats.find({ owner: 'ann' })), []);
    assert.deepEqual(ids(await boats.find({ owner: 'bob' })), ['a']);
  },

  async 'an index that comes later covers what was there before'({ store }) {
    await store.collection<Boat>('docks', []).insert(boat('a'));
    const docks = store.collection<Boat>('docks', ['owner']);
    assert.deepEqual(ids(await docks.find({ owner: 'ann' })), ['a']);
  },

  async 'find by what is no index, or by no plain value, is refused, not answered with everything'({
    boats,
  }) {
    await boats.insert(boat('a'));
    const strange = [{ cargo: 'x' }, { "owner' --": 'x' }, { $where: '1' }].concat(
      [undefined, null, Number.NaN, { $ne: '' }, ['ann']].map(owner => ({ owner }) as never),
    );
    for (const filter of strange) await assert.rejects(boats.find(filter as never), TypeError);
  },

  async 'find is in order of id, letter by letter'({ boats }) {
    const ordered = ['', '10', '2', 'B', 'a', 'a/10', 'a/2', 'b', 'é'];
    for (const id of ordered.toReversed()) await boats.insert(boat(id));
    assert.deepEqual(ids(await boats.find()), ordered);
    assert.deepEqual(ids(await boats.find({ owner: 'ann' })), ordered);
  },

  async 'a page is what comes after an id, so many at most'({ boats }) {
    for (const id of ['', 'a', 'b', 'c', 'd'])
      await boats.insert(boat(id, { owner: id === 'b' ? 'bob' : 'ann' }));
    const page = async (after: string | undefined, limit: number | undefined, owner?: string) =>
      ids(
        await boats.find(owner === undefined ? {} : { owner }, {
          ...(after === undefined ? {} : { after }),
          ...(limit === undefined ? {} : { limit }),
        }),
      );
    assert.deepEqual(await page(undefined, 2), ['', 'a']);
    assert.deepEqual(await page('a', 2), ['b', 'c']);
    assert.deepEqual(await page('c', 2), ['d']);
    assert.deepEqual(await page('d', 2), []);
    assert.deepEqual(await page('', undefined), ['a', 'b', 'c', 'd']);
    assert.deepEqual(await page('aa', 1), ['b'], 'after an id that is not there');
    assert.deepEqual(await page('a', 2, 'ann'), ['c', 'd']);
    assert.deepEqual(await page(undefined, 0), []);
    assert.deepEqual(await page(undefined, 99), ['', 'a', 'b', 'c', 'd']);
  },

  async 'a page that is none is refused'({ boats }) {
    for (const page of [{ limit: -1 }, { limit: 1.5 }, { limit: '2' }, { after: 7 }, { after: null }])
      await assert.rejects(boats.find({}, page as never), TypeError, JSON.stringify(page));
  },

  async 'pages show everything once, whatever is removed between them'({ boats }) {
    for (let n = 10; n < 35; n++) await boats.insert(boat(`boat${n}`));
    const seen: Boat[] = [];
    for (let page = await boats.find({}, { limit: 7 }); page.length > 0; ) {
      seen.push(...page);
      const after = seen.at(-1)?.id ?? '';
      await boats.remove(after);
      page = await boats.find({}, { after, limit: 7 });
    }
    assert.deepEqual(
      ids(seen),
      Array.from({ length: 25 }, (_, n) => `boat${n + 10}`),
    );
  },
};
