/** Documents come out as they went in. */
import assert from 'node:assert/strict';
import { STORE_ERRORS } from '@hedgerow/common';
import { type Boat, boat, type Cases, fails, ids } from './harbour.ts';

export const DOCUMENTS: Cases = {
  async 'what was inserted is found by its id, at revision 1'({ boats }) {
    const cargo = { name: 'tea & “Käse” 茶 \u0000', crates: [1, 2.5, -3, 2 ** 40] };
    const stored = await boats.insert(boat('a', { cargo }));
    assert.deepEqual(stored, { id: 'a', owner: 'ann', crew: 1, afloat: true, cargo, revision: 1 });
    assert.deepEqual(await boats.get('a'), stored);
  },

  async 'what is not there is null, and an empty list'({ boats }) {
    assert.equal(await boats.get('a'), null);
    assert.deepEqual(await boats.find(), []);
    assert.deepEqual(await boats.find({ owner: 'ann' }), []);
  },

  async 'a change of what was given or found does not reach the store'({ boats }) {
    const crates = [1];
    await boats.insert(boat('a', { cargo: { crates } }));
    crates.push(2);
    const found = await boats.get('a');
    assert.ok(found);
    (found.cargo as { crates: number[] }).crates.push(3);
    assert.deepEqual((await boats.get('a'))?.cargo, { crates: [1] });
  },

  async 'collections do not see each other'({ store, boats }) {
    const docks = store.collection<Boat>('docks', []);
    await boats.insert(boat('a'));
    assert.equal(await docks.get('a'), null);
    await docks.insert(boat('a', { owner: 'bob' }));
    await docks.remove('a');
    assert.equal((await boats.get('a'))?.owner, 'ann');
  },

  async 'everything is there after the handle was closed and opened again'({ store, boats, open }) {
    const stored = await boats.insert(boat('a', { afloat: false, cargo: { name: '茶', crates: [1] } }));
    await store.close();
    const again = await open();
    assert.deepEqual(await again.boats.get('a'), stored);
    assert.deepEqual(ids(await again.boats.find({ afloat: false })), ['a']);
  },

  async 'a handle that is closed fails; it never says that there is nothing'({ store, boats }) {
    await boats.insert(boat('a'));
    await store.close();
    await store.close();
    await fails(boats.get('a'), STORE_ERRORS.STORE_FAILED);
    await fails(boats.find(), STORE_ERRORS.STORE_FAILED);
    await fails(boats.remove('a'), STORE_ERRORS.STORE_FAILED);
  },

  async 'a name that could reach into the query language is refused'({ store }) {
    assert.throws(() => store.collection('boats"; DROP TABLE boats', []), TypeError);
    assert.throws(() => store.collection('', []), TypeError);
  },

  async 'an id is any text, compared letter by letter'({ boats }) {
    const wanted = [
      '',
      '$set',
      '$where',
      'A',
      'a',
      'a b',
      'a.b',
      'a\nb',
      'address/10.30.30.30',
      "o'neill",
      'x\u0000y',
      'é',
      '💧',
    ];
    for (const id of wanted) await boats.insert(boat(id));
    for (const id of wanted) assert.equal((await boats.get(id))?.id, id);
    assert.deepEqual(ids(await boats.find()).sort(), wanted.toSorted());
    assert.equal(await boats.get('%'), null);
    await boats.replace(boat('$set', { crew: 2 }), 1);
    assert.equal(await boats.remove('a.b'), true);
    assert.equal((await boats.get('$set'))?.crew, 2);
  },

  async 'keys are any text, at any depth'({ boats }) {
    const cargo = {
      ...{ 'a.b': 1, $set: { '$inc.x': [{ '.': 1 }] }, '': 2, 'x\u0000y': 3, _id: 4, id: 5, revision: 6 },
      ...JSON.parse('{ "__proto__": { "x": 1 }, "constructor": 7, "2": "b", "1": "a" }'),
    };
    const strange = { 'a.b': 1, $set: 2, '': 3, _id: 4, write: 5, body: 6, fields: 7 } as Partial<Boat>;
    const stored = await boats.insert(boat('a', { ...strange, cargo }));
    assert.deepEqual(await boats.get('a'), stored);
    const next = await boats.replace(boat('a', { ...strange, cargo: { ...cargo, $unset: '' } }), 1);
    assert.deepEqual(await boats.get('a'), next);
    assert.deepEqual(await boats.find({ owner: 'ann' }), [next]);
  },

  async 'numbers stay what they are; what JSON has no word for becomes null'({ boats }) {
    const exact = [0, 1.5, -3, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, 1e300, 5e-324, 0.1 + 0.2];
    await boats.insert(boat('a', { crew: 2 ** 40, cargo: { exact, odd: [-0, NaN, Infinity] } }));
    const found = await boats.get('a');
    assert.deepEqual(found?.cargo, { exact, odd: [0, null, null] });
    assert.deepEqual(ids(await boats.find({ crew: 2 ** 40 })), ['a']);
  },

  async 'a field without a value is not there; a date is its text'({ boats }) {
    const cargo = {
      at: '2026-01-02T03:04:05.678Z',
      on: '2026-01-02',
      none: undefined,
      list: [undefined, null],
    };
    await boats.insert({ ...boat('a', { cargo }), owner: undefined } as unknown as Boat);
    const found = await boats.get('a');
    assert.deepEqual(found?.cargo, { at: cargo.at, on: cargo.on, list: [null, null] });
    assert.ok(found && !('owner' in found));
    assert.deepEqual(await boats.find({ owner: 'ann' }), []);
  },

  async 'a document may be large and deep, and too large a one is refused before it is sent'({ boats }) {
    const deep = JSON.parse(`${'['.repeat(300)}${']'.repeat(300)}`);
    const large = await boats.insert(
      boat('a', { owner: 'é'.repeat(2 ** 20), cargo: ['x'.repeat(4 * 2 ** 20), deep] }),
    );
    assert.deepEqual(await boats.get('a'), large);
    const huge = { cargo: 'é'.repeat(4 * 2 ** 20) };
    await assert.rejects(boats.insert(boat('b', huge)), /b is larger than/);
    await assert.rejects(boats.replace(boat('a', huge), 1), TypeError);
    await assert.rejects(boats.insert(boat(7 as unknown as string)), TypeError);
    assert.deepEqual(ids(await boats.find()), ['a']);
  },

  async 'ping answers, and fails when the handle is closed'({ store }) {
    await store.ping();
    await store.close();
    await fails(store.ping(), STORE_ERRORS.STORE_FAILED);
  },
};
