/** `npm start -- --check`, twice in a row, as a newcomer types it: it works, and nothing of it is left. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { withoutRoot } from '../support/requirements.ts';
import { differences, takeSnapshot } from '../support/snapshot.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
/** Any free port: a Hedgerow that somebody has up does not disturb the test, nor the test it. */
const COMMAND = ['start', '--', '--check', '--port', '0'];

describe('npm start -- --check', { skip: withoutRoot() }, () => {
  let runs: string;
  before(() => {
    runs = mkdtempSync(join(tmpdir(), 'check-'));
  });
  after(() => rmSync(runs, { recursive: true, force: true }));

  for (const time of ['first', 'second']) {
    it(`works the ${time} time and leaves nothing`, async () => {
      const before = await takeSnapshot(runs);
      const env = { ...environment(), HEDGEROW_RUNS: runs };
      const { stdout } = await promisify(execFile)('npm', COMMAND, { cwd: REPOSITORY, env });
      assert.match(stdout, /nginx\.test\s+2\s+RUNNING\s+10\.30\.30\.30/);
      assert.deepEqual(differences(before, await takeSnapshot(runs)), []);
    });
  }
});

/** Without the marks of the test runner, which would make a child believe that it is a test. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(NODE_|npm_)/.test(key)));
}
