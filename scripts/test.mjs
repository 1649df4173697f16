/**
 * `npm test [-- PATTERN…]`: unit tests two files at a time, then end-to-end tests one file at a time, and one total.
 * PATTERN is a file, a folder or a glob. Fails when a test fails, and when there was none.
 */

import { repository } from './setup/paths.mjs';
import { command, setup } from './setup.mjs';
import { findTests } from './test/find.mjs';
import { startMongodbFor } from './test/mongodb.mjs';
import { runTests } from './test/run.mjs';
import { add, NONE, totalsLine } from './test/totals.mjs';

/** Two cores on the development machines; end-to-end files share ports, an engine and the kernel. */
const GROUPS = [
  { name: 'unit', e2e: false, concurrency: 2, testTimeout: 60_000, fileTimeout: 120_000 },
  { name: 'end to end', e2e: true, concurrency: 1, testTimeout: 300_000, fileTimeout: 600_000 },
];

function isEndToEnd(file) {
  return file.startsWith('test/e2e/') || file.includes('.e2e.test.');
}

await command(async () => {
  const { node } = await setup({ tests: true });
  const files = findTests(repository, process.argv.slice(2));
  const stopMongodb = await startMongodbFor(files);
  let totals = NONE;
  for (const group of GROUPS) {
    const own = files.filter(file => isEndToEnd(file) === group.e2e);
    if (own.length > 0) totals = add(totals, await runTests(node, own, group));
  }
  await stopMongodb();
  process.exitCode = totals.failed > 0 || totals.passed + totals.skipped === 0 ? 1 : 0;
  process.stdout.write(`\n${totalsLine(totals)}\n`);
});
