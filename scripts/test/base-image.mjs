import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../setup/paths.mjs';
import { run } from '../setup/run.mjs';

const PROGRAM = 'test/support/base-image.ts';

/**
 * Makes the base of the images of `test/e2e` while other tests run: it is mostly downloads. The tests that need it make it
 * themselves where it is not there.
 * @param {string[]} files
 */
export async function prepareBaseImage(node, files, out = process.stderr) {
  if (!files.some(wantsBaseImage)) return;
  try {
    await run(node, [PROGRAM], { cwd: repository });
  } catch (error) {
    out.write(`base image: ${error.message}\n`);
  }
}

function wantsBaseImage(file) {
  return readFileSync(join(repository, file), 'utf8').includes('support/base-image');
}
