import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer, withoutServer } from '../../test/mongodb-server/server.mjs';
import { repository } from '../setup/paths.mjs';
import { SetupError } from '../setup/say.mjs';

/**
 * One server for all test files of a run that want one; they find it in MONGODB_TEST_URL. Where there can be none, their
 * tests are skipped, but not in continuous integration.
 * @param {string[]} files
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<() => Promise<void>>} stops it
 */
export async function startMongodbFor(files, env = process.env, out = process.stderr) {
  const nothing = async () => {};
  if (env.MONGODB_TEST_URL || !files.some(wantsMongodb)) return nothing;
  const why = withoutServer(env);
  if (why === false) {
    const server = await startServer();
    env.MONGODB_TEST_URL = server.url;
    return () => server.stop();
  }
  if (env.CI) throw new SetupError(`the MongoDB half of the tests may not be skipped here: ${why}`);
  out.write(`MongoDB: its half of the tests is skipped: ${why}; or set MONGODB_TEST_URL\n`);
  return nothing;
}

function wantsMongodb(file) {
  return readFileSync(join(repository, file), 'utf8').includes('support/mongodb');
}
