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

test('what ran on it runs elsewhere as soon as the store can note it', async () => {
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
    for (let n = 0; n < 4; n++) {
      site.clock.advance(1000);
      await second.beat();
    }
    await until('the move fails', () => failures.some(line => line.startsWith('the store takes nothing')));
    relent();
    for (let n = 0; n < 5; n++) {
      site.clock.advance(1000);
      await second.beat();
    }
    const order = await second.deploy();
    assert.equal(order.epoch, 2);
  } finally {
    await site.stop();
  }
});
