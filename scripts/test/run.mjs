import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { child } from '../../cli/bin/lib/child.js';
import { repository } from '../setup/paths.mjs';
import { NONE } from './totals.mjs';

const REPORTER = new URL('totals-reporter.mjs', import.meta.url).href;
const WATCHDOG = new URL('watchdog.mjs', import.meta.url).href;

/** Runs files with Node's own runner. @returns its totals; a runner that died without any counts as one failure */
export async function runTests(node, files, group) {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-totals-'));
  const totals = join(folder, 'totals.json');
  try {
    process.stdout.write(`\n${group.name}: ${files.length} files\n`);
    const env = { ...process.env, HEDGE_TEST_FILE_TIMEOUT: String(group.fileTimeout) };
    const ended = await child(node, flags(group, totals).concat(files), { cwd: repository, env });
    return readTotals(totals, ended);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function flags(group, totals) {
  return [
    '--test',
    `--import=${WATCHDOG}`,
    `--test-concurrency=${group.concurrency}`,
    `--test-timeout=${group.testTimeout}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${REPORTER}`,
    `--test-reporter-destination=${totals}`,
  ];
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
