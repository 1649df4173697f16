import { after, before, describe } from 'node:test';
import { storeContract } from '@hedgerow/test/contract/store.contract.ts';
import {
  dropMongodb,
  startMongodb,
  type TestMongodb,
  withoutMongodb,
} from '@hedgerow/test/support/mongodb.ts';
import { openMongodb } from './mongodb.ts';

describe('MongoDB', { skip: withoutMongodb() }, () => {
  let server: TestMongodb;
  before(async () => {
    server = await startMongodb();
  });
  after(() => server.stop());

  storeContract('MongoDB', async () => {
    const url = server.database();
    return { open: () => openMongodb({ url }), drop: () => dropMongodb(url) };
  });
});
