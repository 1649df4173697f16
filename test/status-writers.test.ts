/**
 * Who writes which state of an instance, and that none of them lasts for ever: derived from the one table, and held
 * against the sources of every tier. Types hold the rest: what a tier decides is `StatusOf<its name>`; and what a worker
 * says that is not a worker's to say is refused at run time (`cluster-orchestrator/src/jobs/judge.test.ts`).
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isStatus, isWrittenBy, STATUSES, type Status, type Tier } from '@hedgerow/protos';
import { repository } from './docs.ts';

const ALL = Object.keys(STATUSES) as Status[];

const TIERS: Readonly<Record<string, Tier>> = {
  'root-orchestrator': 'root',
  'cluster-orchestrator': 'cluster',
  'node-engine': 'worker',
  'net-manager': 'worker',
};

/** Words in a writing position that are no state that this tier decides. */
const PASSED_ON: readonly { file: string; word: Status; why: string }[] = [
  {
    file: 'root-orchestrator/src/services/status.ts',
    word: 'UNDEPLOYED',
    why: 'shown of a service that has no instance',
  },
  {
    file: 'root-orchestrator/src/deployments/placement.ts',
    word: 'NO_WORKER_CAPACITY',
    why: 'a cluster refused in a word that there is not',
  },
  {
    file: 'root-orchestrator/src/deployments/reconciler.ts',
    word: 'UNDEPLOYED',
    why: 'a cluster reported that an operator removed it',
  },
];

/** @returns the states that stand as text where a status is set: `status: 'X'`, `to: 'X'`, also behind a condition */
function written(source: string): Status[] {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const values = [...code.matchAll(/\b(?:status|to)\??:\s*([^,;}\n]+)/g)].map(([, value = '']) => value);
  const chosen = values.map(value => value.replaceAll(/[!=]==\s*'\w+'/g, ''));
  return chosen.flatMap(value =>
    [...value.matchAll(/'(\w+)'/g)].map(([, word = '']) => word).filter(isStatus),
  );
}

function foreign(folder: string, tier: Tier): { file: string; word: Status }[] {
  const files = globSync(`${folder}/src/**/*.ts`, { cwd: repository });
  const sources = files.filter(file => !/\.test\.ts$|\/testing\//.test(file));
  return sources.flatMap(file =>
    written(readFileSync(join(repository, file), 'utf8'))
      .filter(word => !isWrittenBy(tier, word))
      .map(word => ({ file, word })),
  );
}

describe('no tier writes a state that is another one’s', () => {
  const found = Object.entries(TIERS).flatMap(([folder, tier]) => foreign(folder, tier));
  const isPassedOn = ({ file, word }: { file: string; word: Status }) =>
    PASSED_ON.some(known => known.file === file && known.word === word);

  for (const folder of Object.keys(TIERS))
    test(folder, () => {
      const bad = found.filter(hit => hit.file.startsWith(`${folder}/`) && !isPassedOn(hit));
      assert.deepEqual(bad, []);
    });

  test('every exception is still one', () => {
    for (const known of PASSED_ON)
      assert.ok(
        found.some(({ file, word }) => file === known.file && word === known.word),
        `${known.file} ${known.word}`,
      );
  });

  test('the search finds what it is to find', () => {
    const finds: [source: string, words: string[]][] = [
      ["const a = { status: 'RUNNING', x: 1 };", ['RUNNING']],
      ["return { to: late ? 'FAILED' : 'DEAD' };", ['FAILED', 'DEAD']],
      ["tell({ status: was === 'DEAD' ? was : 'CREATING' });", ['CREATING']],
      ["type A = { status: 'COMPLETED' | 'DEAD' };", ['COMPLETED', 'DEAD']],
      ["if (status === 'RUNNING') return { status: report.status };", []],
      ["/** `status: 'RUNNING'` */ // status: 'x'", []],
      ["const a = { status: 'done' };", []],
    ];
    for (const [source, words] of finds) assert.deepEqual(written(source), words, source);
  });
});

describe('nothing waits for ever', () => {
  test('every state but RUNNING and the final ones has a deadline, and somebody who acts', () => {
    const lasting = ALL.filter(status => STATUSES[status].deadline === null);
    assert.deepEqual(
      lasting.filter(status => !STATUSES[status].final),
      ['RUNNING'],
    );
    for (const status of ALL.filter(one => !lasting.includes(one))) {
      const { actor, onDeadline, next } = STATUSES[status];
      assert.ok(actor && onDeadline, status);
      assert.ok(
        [status, ...next].some(to => isWrittenBy(actor, to)),
        `${actor} has a move out of ${status}`,
      );
    }
  });

  test('every state reaches a final one', () => {
    const reaches = new Set(ALL.filter(status => STATUSES[status].final));
    for (let before = -1; before !== reaches.size; ) {
      before = reaches.size;
      for (const status of ALL) if (STATUSES[status].next.some(to => reaches.has(to))) reaches.add(status);
    }
    assert.deepEqual(
      ALL.filter(status => !reaches.has(status)),
      [],
    );
  });

  test('a final state leads to nothing but the end', () => {
    for (const status of ALL.filter(one => STATUSES[one].final))
      assert.deepEqual(
        STATUSES[status].next.filter(to => to !== 'UNDEPLOYED'),
        [],
        status,
      );
  });

  test('every state has a writer', () => {
    for (const status of ALL) assert.ok(STATUSES[status].writers.length > 0, status);
  });
});
