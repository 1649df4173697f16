/**
 * `npm test [-- PATTERN…]`: unit tests, then end-to-end tests, three files at a time, and one total.
 * PATTERN is a file, a folder or a glob. Fails when a test fails, and when there was none.
 */

import { repository } from './setup/paths.mjs';
import { command, setup } from './setup.mjs';
import { prepareBaseImage } from './test/base-image.mjs';
import { longestFirst } from './test/durations.mjs';
import { findTests } from './test/find.mjs';
import { startMongodbFor } from './test/mongodb.mjs';
import { runTests } from './test/run.mjs';
import { add, NONE, totalsLine } from './test/totals.mjs';

/** Looks at the whole machine before and after, so nothing may come and go meanwhile. */
const ALONE = 'test/e2e/check.test.ts';
const LONG = { testTimeout: 300_000, fileTimeout: 600_000 };

/**
 * Two cores on the development machines. Files have ports, networks, Engines and folders of their own, and for a good part
 * of their time they wait: three at a time keep two cores busy.
 */
const AT_A_TIME = 3;
const GROUPS = [
  {
    name: 'unit',
    has: file => !isEndToEnd(file),
    concurrency: AT_A_TIME,
    testTimeout: 60_000,
    fileTimeout: 120_000,
  },
  { name: 'end to end, alone', has: file => file === ALONE, concurrency: 1, ...LONG },
  { name: 'end to end', has: file => isEndToEnd(file) && file !== ALONE, concurrency: AT_A_TIME, ...LONG },
];

function isEndToEnd(file) {
  return file.startsWith('test/e2e/') || file.includes('.e2e.test.');
}

await command(async () => {
  const { node } = await setup({ tests: true });
  const files = longestFirst(findTests(repository, process.argv.slice(2)));
  const stopMongodb = await startMongodbFor(files);
  const prepared = prepareBaseImage(node, files);
  let totals = NONE;
  for (const group of GROUPS) {
    const own = files.filter(group.has);
    if (own.some(isEndToEnd)) await prepared;
    if (own.length > 0) totals = add(totals, await runTests(node, own, group));
  }
  await stopMongodb();
  process.exitCode = totals.failed > 0 || totals.passed + totals.skipped === 0 ? 1 : 0;
  process.stdout.write(`\n${totalsLine(totals)}\n`);
});
