/** A worker dies while the store refuses to write. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { type Logger, silentLogger } from '@hedgerow/common';
import { Site } from '../testing/site.ts';
import { until } from '../testing/wait.ts';

/** As a full disk would: what is there can be read. @returns its end */
function refuseWrites(data: string): () => void {
  const database = new DatabaseSync(join(data, 'cluster.sqlite'));
  database.exec(
    "CREATE TRIGGER full BEFORE UPDATE ON instances BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
  );
  return () => {
    database.exec('DROP TRIGGER full');
    database.close();
  };
}

function storedEpoch(data: string): unknown {
  const database = new DatabaseSync(join(data, 'cluster.sqlite'), { readOnly: true });
  try {
    return database.prepare("SELECT body ->> '$.epoch' AS epoch FROM instances").get()?.epoch;
  } finally {
    database.close();
  }
}

test('what ran on it runs elsewhere all the same, and the store has it when it can', async () => {
  const failures: string[] = [];
  const error = (_: object, message: string) => void failures.push(message);
  const log: Logger = { ...silentLogger, error, child: () => log };
  const site = await Site.start({}, log);
  try {
    const first = await site.worker();
    await site.place();
    await first.run();
    await site.root.report('RUNNING');
    const second = await site.worker({ host: 'worker2' });
    // the statuses are on disk before it is full
    site.clock.advance(1000);
    await second.beat();
    const relent = refuseWrites(site.config.data);
    for (let n = 0; n < 5; n++) {
      site.clock.advance(1000);
      await second.beat();
    }
    assert.equal((await second.deploy()).epoch, 2);
    await until('it is told', () => failures.some(line => line.startsWith('the store takes nothing')));
    assert.equal(storedEpoch(site.config.data), 1);
    relent();
    await until('it is stored', async () => {
      site.clock.advance(1000);
      await second.beat();
      return storedEpoch(site.config.data) === 2;
    });
  } finally {
    await site.stop();
  }
});
