import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSqlite, silentLogger, systemClock } from '@hedgerow/common';
import type { Sla } from '@hedgerow/protos';
import type { Caller } from '../auth/caller.ts';
import { openCollections } from '../collections.ts';
import { AddressBook } from '../network/addresses.ts';
import { microservice, sla } from '../testing/slas.ts';
import { addInstance } from './add-instance.ts';
import { Applications } from './applications.ts';
import { Changes } from './changes.ts';
import { storeUpdate } from './update-service.ts';

const ada: Caller = { id: 'a', name: 'ada', roles: ['Admin'], organization: 'o' };

test('an instance that is started while its service changes is replaced like any other', async () => {
  const collections = openCollections(openSqlite({ file: ':memory:', durability: 'normal' }));
  const addresses = new AddressBook(collections.claims);
  await addresses.load();
  const deps = { collections, addresses, clock: systemClock, log: silentLogger };
  const descriptor: Sla = sla('shop', microservice('web'));
  const [made] = await new Applications(deps, new Changes(deps)).create(ada, descriptor);
  const id = made?.microservices[0] ?? '';
  let looks = 0;
  const { instances } = collections;
  const find: typeof instances.find = async (filter, page) => {
    const found = await instances.find(filter, page);
    looks += 1;
    if (looks === 1) {
      const fresh = await addInstance(deps, id, { requestId: '' });
      await instances.replace({ ...fresh, cluster_id: 'c', status: 'RUNNING' }, fresh.revision);
    }
    return found;
  };
  const watched = {
    ...deps,
    collections: { ...collections, instances: Object.assign(Object.create(instances), { find }) },
  };
  await storeUpdate(watched, ada, id, { whole: false, fields: { code: 'web:2' }, path: '' }, 'r');
  const service = await collections.services.get(id);
  assert.deepEqual([service?.generation, service?.rollout?.state], [2, 'rolling']);
});
