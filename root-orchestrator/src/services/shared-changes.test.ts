/** Changes that are cut short where several roots write to one store. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { isErrorOf, openSqlite, silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import { type Collections, openCollections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import { LONGEST_REQUEST } from '../leadership/patience.ts';
import { AddressBook } from '../network/addresses.ts';
import { Changes } from './changes.ts';

let collections: Collections;
let clock: ManualClock;
beforeEach(() => {
  collections = openCollections(openSqlite({ file: ':memory:', durability: 'normal' }));
  clock = manualClock();
});

function root(rootId: string): Changes {
  const addresses = new AddressBook(collections.claims);
  const deps = { collections, addresses, clock, log: silentLogger };
  return new Changes(deps, { rootId, patience: LONGEST_REQUEST });
}

const targets = [{ collection: 'services', id: 's' }];

/** A change that stands still after its first step. */
async function halfway(changes: Changes): Promise<{ claims: number; goOn: () => Promise<unknown> }> {
  const gate = Promise.withResolvers<void>();
  const made = changes.create(targets, async () => {
    await collections.claims.insert({ id: 'job-name/x', owner: 'service/s' });
    await gate.promise;
  });
  made.catch(() => {});
  await new Promise(setImmediate);
  return {
    claims: (await collections.claims.find()).length,
    goOn() {
      gate.resolve();
      return made;
    },
  };
}

test('what another root does is let alone as long as a request may take, then undone by the one that leads', async () => {
  const [mine, leader] = [root('mine'), root('leader')];
  assert.equal((await halfway(mine)).claims, 1);
  assert.equal(await leader.recover(true), 0);
  // Its clock says that it is much older than it is: that proves nothing.
  clock.jump(10 * LONGEST_REQUEST);
  assert.equal(await leader.recover(true), 0);
  clock.advance(LONGEST_REQUEST);
  assert.equal(await leader.recover(false), 0, 'while it does not lead');
  assert.equal(await leader.recover(true), 1);
  assert.deepEqual(await collections.claims.find(), []);
});

test('a root that stood still meanwhile finds out, and nothing of its change is left', async () => {
  const [mine, leader] = [root('mine'), root('leader')];
  const { goOn } = await halfway(mine);
  await leader.recover(true);
  clock.advance(LONGEST_REQUEST);
  await leader.recover(true);
  await collections.claims.insert({ id: 'job-name/x', owner: 'service/s' });
  await assert.rejects(goOn(), error => isErrorOf(error, ERRORS.CHANGE_UNDONE));
  assert.deepEqual(await collections.claims.find(), []);
});

test('a change that ends in time is not touched', async () => {
  const [mine, leader] = [root('mine'), root('leader')];
  const { goOn } = await halfway(mine);
  await leader.recover(true);
  clock.advance(LONGEST_REQUEST - 1);
  await goOn();
  clock.advance(LONGEST_REQUEST);
  assert.equal(await leader.recover(true), 0);
  assert.equal((await collections.claims.find()).length, 1);
});

test('a change that ends while another process, or this one, looks for remains is none', async () => {
  const mine = root('mine');
  const { goOn } = await halfway(mine);
  const { intents } = collections;
  const find = async () => {
    const found = await intents.find();
    await goOn();
    return found;
  };
  const late = { ...collections, intents: Object.assign(Object.create(intents), { find }) };
  for (const name of ['get', 'insert', 'replace', 'remove'] as const)
    Object.assign(late.intents, { [name]: (intents[name] as () => unknown).bind(intents) });
  const deps = { clock, log: silentLogger, addresses: new AddressBook(collections.claims) };
  const again = new Changes({ ...deps, collections: late }, { rootId: 'mine', patience: 0 });
  assert.equal(await again.recover(true), 0);
  assert.equal((await collections.claims.find()).length, 1);
});

test('a change that ends after another root has begun to undo it was not made', async () => {
  const [mine, leader] = [root('mine'), root('leader')];
  const { goOn } = await halfway(mine);
  await leader.recover(true);
  clock.advance(LONGEST_REQUEST);
  const { claims } = collections;
  const find = claims.find.bind(claims);
  let ended: Promise<unknown> = Promise.resolve();
  claims.find = async filter => {
    const found = await find(filter);
    claims.find = find;
    ended = goOn();
    await ended.catch(() => {});
    return found;
  };
  await leader.recover(true);
  await assert.rejects(ended, error => isErrorOf(error, ERRORS.CHANGE_UNDONE));
  assert.deepEqual(await claims.find(), []);
});
