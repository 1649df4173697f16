import { after, before, describe } from 'node:test';
import { type Database, sharedStoreContract, storeContract } from '@hedgerow/test/contract/store.contract.ts';
import { type Server, startServer } from '@hedgerow/test/mongodb-server/server.mjs';
import {
  databaseUrl,
  dropMongodb,
  startMongodb,
  type TestMongodb,
  withoutMongodb,
  withoutServer,
} from '@hedgerow/test/support/mongodb.ts';
import { openMongodb } from './mongodb.ts';

const database = (url: string): Database => ({
  open: () => openMongodb({ url }),
  drop: () => dropMongodb(url),
});

describe('MongoDB', { skip: withoutMongodb() }, () => {
  let server: TestMongodb;
  before(async () => {
    server = await startMongodb();
  });
  after(() => server.stop());

  storeContract('MongoDB', async () => database(server.database()));
  sharedStoreContract('MongoDB', async () => database(server.database()));
});

describe('MongoDB with change streams', { skip: withoutServer() }, () => {
  let server: Server;
  before(async () => {
    server = await startServer({ streams: true });
  });
  after(() => server.stop());

  sharedStoreContract('MongoDB with change streams', async () => database(databaseUrl(server.url)));
});
