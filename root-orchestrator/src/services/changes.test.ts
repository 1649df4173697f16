import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Collection,
  type Document,
  isErrorOf,
  openSqlite,
  STORE_ERRORS,
  silentLogger,
  systemClock,
} from '@hedgerow/common';
import type { Sla } from '@hedgerow/protos';
import type { Caller } from '../auth/caller.ts';
import { openCollections } from '../collections.ts';
import { AddressBook } from '../network/addresses.ts';
import { leakedClaims } from '../network/leaks.ts';
import { Sweep } from '../network/sweep.ts';
import { type Fault, type FaultyStore, faultyStore } from '../testing/faulty-store.ts';
import { dump } from '../testing/root.ts';
import { microservice, sla } from '../testing/slas.ts';
import { Applications } from './applications.ts';
import { Changes } from './changes.ts';
import { Instances } from './instances.ts';
import { Services } from './services.ts';

const ada: Caller = { id: 'a', name: 'ada', roles: ['Admin'], organization: 'o' };

/** The parts of a root over a store; to call it again over the same store is to start again. */
async function startParts(store: FaultyStore, collections = openCollections(store)) {
  const addresses = new AddressBook(collections.claims);
  await addresses.load();
  const deps = { collections, addresses, clock: systemClock, log: silentLogger };
  const changes = new Changes(deps);
  return {
    collections,
    applications: new Applications(deps, changes),
    services: new Services(deps, changes),
    instances: new Instances(deps),
    changes,
    async recover() {
      const finders = [() => leakedClaims(collections)];
      await new Sweep({ finders, patience: 0, clock: systemClock, log: silentLogger }).run();
      await changes.recover();
    },
    dump: () => dump(collections),
  };
}

type Parts = Awaited<ReturnType<typeof startParts>>;

const two: Sla = {
  ...sla('first', microservice('web'), microservice('db', { addresses: { rr_ip: '10.30.30.30' } })),
};
two.applications.push(...sla('second', microservice('web')).applications);

interface Story {
  name: string;
  /** what is there before */
  given(parts: Parts): Promise<void>;
  /** what a fault cuts short */
  act(parts: Parts): Promise<unknown>;
  /** a creation is undone at once, a removal finished later */
  kind: 'creation' | 'removal';
}

async function firstApplication(parts: Parts): Promise<string> {
  const [application] = await parts.collections.applications.find();
  assert.ok(application);
  return application.id;
}

const STORIES: Story[] = [
  {
    name: 'an SLA with two applications',
    kind: 'creation',
    async given() {},
    act: parts => parts.applications.create(ada, two),
  },
  {
    name: 'services for an application',
    kind: 'creation',
    async given(parts) {
      await parts.applications.create(ada, sla('first'));
    },
    async act(parts) {
      const more = sla(
        'first',
        microservice('web'),
        microservice('db', { addresses: { rr_ip: '10.30.1.1' } }),
      );
      const [application] = more.applications;
      if (application) application.applicationID = await firstApplication(parts);
      await parts.services.add(ada, more);
    },
  },
  {
    name: 'the removal of an application',
    kind: 'removal',
    async given(parts) {
      const [made] = await parts.applications.create(ada, two);
      await parts.instances.add(ada, made?.microservices[0] ?? '');
    },
    act: async parts => parts.applications.remove(ada, await firstApplication(parts)),
  },
];

/** The store without what differs from run to run: ids and times. */
async function shape(parts: Parts) {
  const { applications, services, claims, intents, instances } = parts.collections;
  return {
    applications: (await applications.find()).map(a => a.application_name).sort(),
    services: (await services.find()).map(s => `${s.job_name} ${s.service_ip}`).sort(),
    claims: (await claims.find()).map(c => c.id).sort(),
    intents: (await intents.find()).length,
    instances: (await instances.find()).map(i => `${i.job_name} ${i.instance_number} ${i.desired}`),
  };
}

async function content(parts: Parts): Promise<string> {
  return JSON.stringify({ ...(await parts.dump()), intents: [] });
}

type Shape = Awaited<ReturnType<typeof shape>>;

async function outcome(story: Story): Promise<{ complete: Shape; writes: number }> {
  const store = faultyStore(openSqlite({ file: ':memory:', durability: 'normal' }));
  const parts = await startParts(store);
  await story.given(parts);
  store.arm(null);
  await story.act(parts);
  const writes = store.writes();
  return { complete: await shape(parts), writes };
}

async function withFault(
  story: Story,
  fault: Fault,
): Promise<{ threw: boolean; parts: Parts; before: string; store: FaultyStore }> {
  const store = faultyStore(openSqlite({ file: ':memory:', durability: 'normal' }));
  const parts = await startParts(store);
  await story.given(parts);
  const before = await content(parts);
  await store.arm(fault);
  const threw = await story.act(parts).then(
    () => false,
    error => {
      assert.ok(isErrorOf(error, STORE_ERRORS.STORE_FAILED), String(error));
      return true;
    },
  );
  store.arm(null);
  return { threw, parts, before, store };
}

for (const story of STORIES) {
  describe(`${story.name}, cut short at every write`, async () => {
    const { complete, writes } = await outcome(story);
    assert.ok(writes > 4);

    for (const when of ['before', 'after'] as const) {
      test(`by a fault that passes (${when} the write)`, async () => {
        for (let at = 1; at <= writes; at += 1) {
          const { threw, parts, before } = await withFault(story, { at, until: 'once', when });
          assert.ok(threw, `write ${at}`);
          if (story.kind === 'creation') assert.equal(await content(parts), before, `write ${at}`);
          // As the process itself does from time to time.
          await parts.changes.recover();
          await assertWhole(parts, before, complete, `write ${at}`);
        }
      });

      test(`by the death of the process (${when} the write)`, async () => {
        for (let at = 1; at <= writes; at += 1) {
          const { before, store } = await withFault(story, { at, until: 'ever after', when });
          const again = await startParts(store);
          await again.recover();
          await assertWhole(again, before, complete, `write ${at}`);
        }
      });
    }
  });
}

async function assertWhole(parts: Parts, before: string, complete: Shape, message: string) {
  if ((await content(parts)) === before && (await parts.collections.intents.find()).length === 0) return;
  assert.deepEqual(await shape(parts), complete, message);
}

/** @returns the collection, and how many of its documents were being replaced at a time, at most */
function counted<T extends Document>(
  inner: Collection<T>,
): { collection: Collection<T>; most: () => number } {
  let [now, most] = [0, 0];
  const collection: Collection<T> = {
    ...{ get: id => inner.get(id), find: (filter, page) => inner.find(filter, page) },
    ...{ insert: document => inner.insert(document), remove: (id, revision) => inner.remove(id, revision) },
    watch: watcher => inner.watch(watcher),
    async replace(document, revision) {
      now += 1;
      most = Math.max(most, now);
      // as a store that waits for its disk does
      await new Promise(setImmediate);
      return inner.replace(document, revision).finally(() => {
        now -= 1;
      });
    },
  };
  return { collection, most: () => most };
}

describe('instances go side by side, so many at a time that the store takes them in few commits', () => {
  const ways: Record<string, (parts: Parts, service: { id: string }) => Promise<void>> = {
    'with their application': async parts => parts.applications.remove(ada, await firstApplication(parts)),
    'with their service': (parts, { id }) => parts.services.remove(ada, id),
    'all of a service': (parts, { id }) => parts.instances.remove(ada, id, -1),
  };
  for (const [name, remove] of Object.entries(ways))
    test(name, async () => {
      const store = faultyStore(openSqlite({ file: ':memory:', durability: 'normal' }));
      const { collections, ...first } = await startParts(store);
      const [made] = await first.applications.create(ada, sla('first', microservice('web')));
      const service = { id: made?.microservices[0] ?? '' };
      await Promise.all(Array.from({ length: 250 }, () => first.instances.add(ada, service.id)));
      const { collection, most } = counted(collections.instances);
      await remove(await startParts(store, { ...collections, instances: collection }), service);
      assert.equal((await collections.instances.find({ desired: 'gone' })).length, 250);
      assert.equal(most(), 100);
    });
});
