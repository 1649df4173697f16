import { relative } from 'node:path';

const SHOWN = 8;
/**
 * What takes longest of those that run side by side: begun last, one of them would run alone at the end. The order of
 * this list, then the others; a file that is missing here costs time and nothing else.
 */
const LONG = [
  'test/model/model.test.ts',
  'root-orchestrator/src/burst.test.ts',
  'test/e2e/damage-managers.test.ts',
  'test/e2e/images.test.ts',
  'test/e2e/damage-worker.test.ts',
  'test/e2e/install.test.ts',
  'test/e2e/update.test.ts',
  'test/e2e/first-instruction.test.ts',
  'test/e2e/two-roots.test.ts',
  'test/e2e/damage-cluster-loss.test.ts',
  'test/e2e/dashboards.test.ts',
  'test/e2e/logs.test.ts',
  'test/e2e/damage-disk.test.ts',
];

/** @param {string[]} files @returns the same, those first that take long */
export function longestFirst(files, long = LONG) {
  const place = file => (long.indexOf(file) + long.length + 1) % (long.length + 1);
  return [...files].sort((left, right) => place(left) - place(right));
}

/** @param {Map<string, number>} seconds by file */
export function slowestLines(seconds, shown = SHOWN) {
  const slowest = [...seconds].sort(([, left], [, right]) => right - left).slice(0, shown);
  const lines = slowest.map(([file, s]) => `  ${s.toFixed(1).padStart(6)} s  ${relative('.', file)}\n`);
  return lines.length > 1 ? `longest:\n${lines.join('')}` : '';
}
