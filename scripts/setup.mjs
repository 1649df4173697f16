/**
 * First step of every command, on a fresh clone too: plain JavaScript without packages, for the Node that a machine
 * happens to have (20 or newer). `node scripts/setup.mjs` does nothing else.
 */
import { pathToFileURL } from 'node:url';
import { nodeMissing, pinnedNode } from '../cli/bin/lib/node.js';
import { CI_PROGRAMS } from './setup/ci.mjs';
import { ensurePrograms, PROGRAMS, TEST_PROGRAMS } from './setup/debian.mjs';
import { ensurePackages } from './setup/npm.mjs';
import { repository } from './setup/paths.mjs';
import { platform } from './setup/platform.mjs';
import { SetupError } from './setup/say.mjs';

/**
 * @param {{ tests?: boolean, programs?: boolean }} options `programs: false` leaves out the Debian packages
 * @returns {Promise<{ node: string, containers: boolean, why: string }>}
 */
export async function setup(options = {}) {
  const machine = platform();
  await ensurePackages();
  if (options.programs !== false) {
    if (machine.containers) await ensurePrograms(programsFor(options.tests));
    else process.stderr.write(`${machine.why}\n`);
  }
  const node = pinnedNode(repository);
  if (node === undefined) throw new SetupError(nodeMissing());
  return { node, ...machine };
}

function programsFor(tests) {
  if (!tests) return PROGRAMS;
  return process.env.CI ? CI_PROGRAMS : TEST_PROGRAMS;
}

/** Runs `main`; a lack that the user can mend is one line, anything else a stack. */
export async function command(main) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${error instanceof SetupError ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await command(() => setup({ tests: true }));
}
