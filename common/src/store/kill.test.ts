/** A process is killed while it writes: what was acknowledged is stored; what was not is there whole or not at all. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '@hedgerow/common/testing';
import { startMongodb, type TestMongodb, withoutMongodb } from '@hedgerow/test/support/mongodb.ts';
import { openMongodb } from './mongodb.ts';
import { openSqlite } from './sqlite.ts';
import { Ledger } from './testing/ledger.ts';

const WRITER = join(import.meta.dirname, 'testing/writer.ts');
/** of each durability */
const ROUNDS = 50;
const CLIENTS = 5;
/** ms of writing */
const LONGEST = 50;
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 1e6));

const root = mkdtempSync(join(tmpdir(), 'hedgerow-kill-'));
after(() => rmSync(root, { recursive: true }));

describe('a writer that is killed in the middle of it', { concurrency: true }, () => {
  for (const durability of ['full', 'normal'] as const)
    test(`${durability}, ${ROUNDS} times: what it was told is there (SEED=${SEED})`, async t => {
      const file = join(root, `${durability}.sqlite`);
      const random = new Random(SEED);
      const ledger = new Ledger();
      let writer: ChildProcess | undefined;
      t.after(() => writer?.kill('SIGKILL'));
      for (let round = 0; round < ROUNDS; round += 1) {
        writer = startWriter(file, durability, SEED * ROUNDS + round);
        ledger.read(await killAfter(writer, random.between(0, LONGEST)));
        assertWhole(file);
        await ledger.compare(openSqlite({ file, durability }), { batches: durability === 'full' });
      }
      assert.ok(ledger.acknowledged > ROUNDS, `${ledger.acknowledged} writes were acknowledged`);
    });
});

describe('a client of MongoDB that is killed in the middle of it', { skip: withoutMongodb() }, () => {
  let server: TestMongodb;
  before(async () => {
    server = await startMongodb();
  });
  after(() => server.stop());

  test(`${CLIENTS} times: what it was told is there (SEED=${SEED})`, async t => {
    const random = new Random(SEED);
    let writer: ChildProcess | undefined;
    t.after(() => writer?.kill('SIGKILL'));
    for (let round = 0; round < CLIENTS; round += 1) {
      // one each: what the last one had sent may still be carried out when the next one has begun
      const url = server.database();
      const ledger = new Ledger();
      writer = startWriter(url, '', SEED * CLIENTS + round);
      ledger.read(await killAfter(writer, random.between(0, LONGEST)));
      await ledger.compare(await openMongodb({ url }), { batches: false });
    }
  });
});

function startWriter(place: string, durability: string, seed: number): ChildProcess {
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  return spawn(process.execPath, [WRITER, place, durability, String(seed)], { stdio: [...stdio] });
}

/** @returns what it said */
async function killAfter(writer: ChildProcess, ms: number): Promise<string> {
  const { stdout } = writer;
  assert.ok(stdout);
  const said = text(stdout);
  const exit = once(writer, 'exit');
  await Promise.race([once(stdout, 'data'), exit]);
  await delay(ms);
  writer.kill('SIGKILL');
  assert.deepEqual(await exit, [null, 'SIGKILL']);
  return said;
}

function assertWhole(file: string): void {
  const db = new DatabaseSync(file);
  try {
    assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
  } finally {
    db.close();
  }
}
