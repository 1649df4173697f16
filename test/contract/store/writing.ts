/** Each write is one document, compared and swapped. */
import assert from 'node:assert/strict';
import { isErrorOf, put, STORE_ERRORS, update } from '@hedgerow/common';
import { boat, type Cases, fails, ids } from './harbour.ts';

export const WRITING: Cases = {
  async 'a second insert of an id is refused and changes nothing'({ boats }) {
    const first = await boats.insert(boat('a', { owner: 'ann' }));
    await fails(boats.insert(boat('a', { owner: 'bob' })), STORE_ERRORS.STORE_DUPLICATE);
    assert.deepEqual(await boats.get('a'), first);
  },

  async 'replace swaps the whole document when the revision is the stored one'({ boats }) {
    await boats.insert(boat('a', { cargo: { name: 'tea', crates: [] } }));
    const next = await boats.replace(boat('a', { crew: 9 }), 1);
    assert.deepEqual(next, { id: 'a', owner: 'ann', crew: 9, afloat: true, revision: 2 });
    assert.deepEqual(await boats.get('a'), next);
    assert.equal((await boats.replace(boat('a'), 2)).revision, 3);
  },

  async 'replace at another revision, or of what is gone, is stale and changes nothing'({ boats }) {
    await boats.insert(boat('a'));
    const second = await boats.replace(boat('a', { crew: 2 }), 1);
    for (const revision of [0, 1, 3])
      await fails(boats.replace(boat('a', { crew: 99 }), revision), STORE_ERRORS.STORE_STALE);
    await fails(boats.replace(boat('b'), 1), STORE_ERRORS.STORE_STALE);
    assert.deepEqual(await boats.find(), [second]);
  },

  async 'remove tells whether there was something'({ boats }) {
    await boats.insert(boat('a'));
    assert.equal(await boats.remove('b'), false);
    assert.equal(await boats.remove('a', 2), false);
    assert.equal((await boats.get('a'))?.revision, 1);
    assert.equal(await boats.remove('a', 1), true);
    assert.equal(await boats.remove('a'), false);
    assert.equal((await boats.insert(boat('a'))).revision, 1);
  },

  async 'remove looks at the fields that it is told, also of what was removed and inserted again'({ boats }) {
    const first = await boats.insert(boat('a', { owner: 'ann' }));
    await boats.remove('a');
    const second = await boats.insert(boat('a', { owner: 'bob' }));
    assert.equal(second.revision, first.revision, 'so that a revision would not tell them apart');
    assert.equal(await boats.remove('a', { owner: 'ann' }), false);
    assert.deepEqual(await boats.get('a'), second);
    assert.equal(await boats.remove('a', { owner: 'bob', afloat: false }), false);
    assert.equal(await boats.remove('b', { owner: 'bob' }), false);
    assert.equal(await boats.remove('a', { owner: 'bob', afloat: true }), true);
    assert.equal(await boats.get('a'), null);
    await assert.rejects(boats.remove('a', { cargo: 'tea' } as never), TypeError);
  },

  async 'two handles see each other’s writes at once'({ boats, open }) {
    const other = await open();
    await boats.insert(boat('a'));
    assert.equal((await other.boats.get('a'))?.crew, 1);
    await other.boats.replace(boat('a', { crew: 2 }), 1);
    assert.equal((await boats.get('a'))?.crew, 2);
    await fails(boats.replace(boat('a', { crew: 3 }), 1), STORE_ERRORS.STORE_STALE);
    await boats.remove('a');
    assert.equal(await other.boats.get('a'), null);
  },

  async 'update loses no change, however many write'({ boats, open }) {
    const other = await open();
    await boats.insert(boat('a', { crew: 0 }));
    const board = (n: number) =>
      update(n % 2 ? boats : other.boats, 'a', current => ({ ...current, crew: current.crew + 1 }));
    await Promise.all(Array.from({ length: 20 }, (_, n) => board(n)));
    const stored = await boats.get('a');
    assert.equal(stored?.crew, 20);
    assert.equal(stored?.revision, 21);
  },

  async 'update leaves alone what the change leaves alone, and knows what is not there'({ boats }) {
    const stored = await boats.insert(boat('a'));
    assert.deepEqual(await update(boats, 'a', () => null), stored);
    assert.equal(await update(boats, 'b', () => assert.fail('there is none')), null);
  },

  async 'put inserts or replaces'({ boats }) {
    assert.equal((await put(boats, boat('a'))).revision, 1);
    assert.equal((await put(boats, boat('a', { crew: 5 }))).revision, 2);
    assert.equal((await boats.get('a'))?.crew, 5);
    await Promise.all(Array.from({ length: 10 }, (_, n) => put(boats, boat('b', { crew: n }))));
    assert.equal((await boats.get('b'))?.revision, 10);
  },

  async 'of many who claim the same id at once, one gets it'({ boats, open }) {
    const other = await open();
    const claims = Array.from({ length: 100 }, (_, n) => {
      const handle = n % 2 ? boats : other.boats;
      return handle.insert(boat('address/10.30.30.30', { owner: `claimant${n}` }));
    });
    const results = await Promise.allSettled(claims);
    const won = results.filter(result => result.status === 'fulfilled');
    const lost = results.filter(result => result.status === 'rejected');
    assert.equal(won.length, 1);
    for (const { reason } of lost) assert.ok(isErrorOf(reason, STORE_ERRORS.STORE_DUPLICATE), String(reason));
    assert.equal((await boats.get('address/10.30.30.30'))?.owner, won[0]?.value.owner);
  },

  async 'of many who replace the same revision at once, one does'({ boats, open }) {
    const other = await open();
    await boats.insert(boat('a'));
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, n) => (n % 2 ? boats : other.boats).replace(boat('a', { crew: n }), 1)),
    );
    const lost = results.filter(result => result.status === 'rejected');
    assert.equal(lost.length, 49);
    for (const { reason } of lost) assert.ok(isErrorOf(reason, STORE_ERRORS.STORE_STALE), String(reason));
    assert.equal((await other.boats.get('a'))?.revision, 2);
  },

  async 'writes of one document happen in the order of the calls'({ boats }) {
    const results = await Promise.allSettled([
      boats.insert(boat('a')),
      boats.insert(boat('a')),
      boats.replace(boat('a', { crew: 2 }), 1),
      boats.replace(boat('a', { crew: 3 }), 1),
      boats.remove('a', 2),
      boats.remove('a'),
      boats.insert(boat('a', { crew: 4 })),
    ]);
    const outcomes = results.map(result =>
      result.status === 'fulfilled' ? result.value : result.reason.code,
    );
    const [first, , second, , , , last] = outcomes;
    assert.deepEqual(outcomes, [first, 'STORE_DUPLICATE', second, 'STORE_STALE', true, false, last]);
    assert.deepEqual([first.crew, second.crew, last.crew, last.revision], [1, 2, 4, 1]);
    assert.deepEqual(await boats.get('a'), last);
  },

  async 'what is given is stored as it was at the call'({ boats }) {
    const given = boat('a', { cargo: ['tea'] });
    const writing = boats.insert(given);
    given.crew = 99;
    (given.cargo as string[]).push('coal');
    await writing;
    const { crew, cargo } = (await boats.get('a')) ?? {};
    assert.deepEqual([crew, cargo], [1, ['tea']]);
  },

  async 'many writes at once are all there'({ boats }) {
    await Promise.all(Array.from({ length: 300 }, (_, n) => boats.insert(boat(`boat${n}`, { crew: n }))));
    const found = await boats.find();
    assert.equal(new Set(ids(found)).size, 300);
    for (const { id, crew } of found) assert.equal(id, `boat${crew}`);
  },
};
