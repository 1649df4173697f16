/**
 * `npm run fuzz [-- --seconds N]`: requests made up from the root's own OpenAPI document, by schemathesis, against a root of
 * its own. No 5xx and no answer outside the document. Not part of `npm test`: it needs Python and takes minutes.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { child, endAs } from '../cli/bin/lib/child.js';
import { repository } from './setup/paths.mjs';
import { run } from './setup/run.mjs';
import { SetupError, step } from './setup/say.mjs';
import { command, setup } from './setup.mjs';

const VERSION = '4.32.5';
const FOLDER = join(repository, 'node_modules', '.cache', 'hedgerow', `schemathesis-${VERSION}`);
const PROGRAM = join(FOLDER, 'bin', 'schemathesis');

/** Into a virtual environment under `node_modules`, so that it goes with it. */
async function ensureSchemathesis() {
  if (existsSync(PROGRAM)) return;
  await run('python3', ['-c', 'import sys, venv; sys.exit(sys.version_info < (3, 10))']).catch(cause => {
    throw new SetupError('npm run fuzz needs Python 3.10 or newer with its module venv', { cause });
  });
  const install = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    `schemathesis==${VERSION}`,
  ];
  await step(`schemathesis ${VERSION}`, async () => {
    await run('python3', ['-m', 'venv', FOLDER]);
    await run(join(FOLDER, 'bin', 'python'), install);
  });
}

await command(async () => {
  const { node } = await setup({ programs: false });
  await ensureSchemathesis();
  endAs(await child(node, [join(repository, 'test', 'fuzz.ts'), PROGRAM, ...process.argv.slice(2)]));
});
