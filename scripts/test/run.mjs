import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { child } from '../../cli/bin/lib/child.js';
import { repository } from '../setup/paths.mjs';
import { NONE } from './totals.mjs';

const RUNNER = fileURLToPath(new URL('runner.mjs', import.meta.url));
/**
 * Every process of the tests, and every role that they start from source, would parse the same files: Node keeps what it
 * made of them, by their content. That is half of the time in which a role starts.
 */
const COMPILED = join(repository, 'node_modules/.cache/hedgerow/compiled');

/** Runs files with Node's own runner. @returns its totals; a runner that died without any counts as one failure */
export async function runTests(node, files, group) {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-totals-'));
  const totals = join(folder, 'totals.json');
  try {
    process.stdout.write(`\n${group.name}: ${files.length} files\n`);
    const env = {
      ...process.env,
      NODE_COMPILE_CACHE: COMPILED,
      HEDGE_TEST_FILE_TIMEOUT: String(group.fileTimeout),
    };
    const given = JSON.stringify({ ...group, files, totals });
    const ended = await child(node, [RUNNER, given], { cwd: repository, env });
    return readTotals(totals, ended);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readTotals(file, ended) {
  const died = { ...NONE, failed: 1 };
  let totals;
  try {
    totals = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return died;
  }
  return ended.code !== 0 && totals.failed === 0 ? died : totals;
}
