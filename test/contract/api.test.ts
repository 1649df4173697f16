/** What the root's API promises, over HTTP against a root as users run it, once with each store. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openRun, type Root, startRoot, tearDown } from '@hedgerow/cli';
import { startMongodb, type TestMongodb, withoutMongodb } from '../support/mongodb.ts';
import { type Judge, openJudge } from './api/document.ts';
import { type Contract, runSteps, type Step } from './api/step.ts';
import { COMMAND_LINE } from './api/steps/command-line.ts';
import { DASHBOARD } from './api/steps/dashboard.ts';
import { FAULTS } from './api/steps/faults.ts';
import { OWN } from './api/steps/own.ts';

const TABLES: Readonly<Record<string, readonly Step[]>> = {
  'the command line clients': COMMAND_LINE,
  'the dashboard': DASHBOARD,
  'faults that are answered right': FAULTS,
  'what it has beside them': OWN,
};

/** Three are Oakestra's own between its parts: the root only says what took their place. */
const REPLACED = /information|result|uploader/;

function unasked(judge: Judge): string[] {
  const asked = Object.values(TABLES).flat().map(judge.routeOf);
  return judge.routes.filter(route => !asked.includes(route) && !REPLACED.test(route));
}

/** @param rootFlags where the root keeps what it is told */
function contract(name: string, steps: readonly Step[], rootFlags: () => string[]): void {
  describe(name, () => {
    let root: Root;
    let judge: Judge;
    let run: ReturnType<typeof openRun>;
    let runs: string;

    before(async () => {
      runs = mkdtempSync(join(tmpdir(), 'contract-'));
      run = openRun(runs);
      const flags = { root: rootFlags() };
      root = await startRoot(run, { port: 0, vcpus: 0, memory: 0, logLevel: 'info', from: 'source', flags });
      judge = await openJudge(root.url);
    });
    after(async () => {
      await tearDown(run);
      rmSync(runs, { recursive: true, force: true });
    });

    it('every route of the document is asked by some table', () => assert.deepEqual(unasked(judge), []));
    const promises: Contract = { url: () => root.url, judge: () => judge, saved: new Map() };
    runSteps(promises, steps);
  });
}

describe('over SQLite', () => {
  for (const [name, steps] of Object.entries(TABLES)) contract(name, steps, () => []);
});

describe('over MongoDB', { skip: withoutMongodb() }, () => {
  let mongodb: TestMongodb;
  before(async () => {
    mongodb = await startMongodb();
  });
  after(() => mongodb.stop());
  for (const [name, steps] of Object.entries(TABLES)) {
    contract(name, steps, () => ['--mongodb', mongodb.database()]);
  }
});
