/** Databases for tests: on the server of the whole run (`MONGODB_TEST_URL`), or on one that the file starts by itself. */
import { randomBytes } from 'node:crypto';
import { openMongodb } from '@hedgerow/common/mongodb';
import { type Server, startServer, withoutServer } from '../mongodb-server/server.mjs';

/** For the `skip` of a test: why there is no MongoDB here, or false. */
export function withoutMongodb(env: NodeJS.ProcessEnv = process.env): string | false {
  return env.MONGODB_TEST_URL ? false : withoutServer();
}

export { withoutServer };

export interface TestMongodb {
  /** a new database: its URL */
  database(): string;
  /** Removes the databases, and the server when it is ours. */
  stop(): Promise<void>;
}

export async function startMongodb(env: NodeJS.ProcessEnv = process.env): Promise<TestMongodb> {
  const given = env.MONGODB_TEST_URL;
  const server: Pick<Server, 'url' | 'stop'> = given
    ? { url: given, stop: async () => {} }
    : await startServer();
  const databases: string[] = [];
  return {
    database() {
      const url = databaseUrl(server.url);
      databases.push(url);
      return url;
    },
    async stop() {
      await Promise.all(databases.map(dropMongodb));
      await server.stop();
    },
  };
}

/**
 * @param server URL of a server, with or without a database of its own; that one stays the one that knows its users
 * @returns URL of a new database there
 */
export function databaseUrl(server: string): string {
  const [, base, own, query = ''] = /^([^/]+\/\/[^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(server) ?? [];
  if (base === undefined) throw new Error('MONGODB_TEST_URL is no URL');
  const options = new URLSearchParams(query);
  if (base.includes('@') && !options.has('authSource')) options.set('authSource', own || 'admin');
  return `${base}/hedgerow_test_${randomBytes(6).toString('hex')}?${options}`;
}

export async function dropMongodb(url: string): Promise<void> {
  const store = await openMongodb({ url });
  try {
    await store.clear();
  } finally {
    await store.close();
  }
}
