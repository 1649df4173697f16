import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createLogger, silentLogger } from './logger.ts';
import { smallDisk, withoutSmallDisk } from './testing/small-disk.ts';

const directory = mkdtempSync(join(tmpdir(), 'hedgerow-log-'));
after(() => rmSync(directory, { recursive: true }));

function linesOf(name: string, write: (log: ReturnType<typeof createLogger>) => void) {
  const file = join(directory, 'made/on/demand', name);
  write(createLogger({ role: 'worker', level: 'info', file }));
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map(line => JSON.parse(line));
}

test('one JSON line per event with role, fields and sentence; lower levels are left out', () => {
  const lines = linesOf('plain', log => {
    log.debug({}, 'not shown');
    log.info({ instance: 3 }, 'instance started');
    log.child({ service: 'nginx' }).warn({}, 'slow');
  });
  assert.equal(lines.length, 2);
  assert.equal(lines[0].role, 'worker');
  assert.equal(lines[0].instance, 3);
  assert.equal(lines[0].msg, 'instance started');
  assert.equal(lines[1].service, 'nginx');
  assert.ok(!Number.isNaN(Date.parse(lines[0].time)));
});

test('an error is written with message and stack under either name', () => {
  for (const key of ['err', 'error']) {
    const [line] = linesOf(key, log => log.error({ [key]: new Error('disk full') }, 'write failed'));
    assert.equal(line[key].message, 'disk full');
    assert.match(line[key].stack, /logger\.test\.ts/);
  }
});

test('a full disk costs lines and nothing else', { skip: withoutSmallDisk() }, t => {
  const disk = smallDisk('256k');
  t.after(() => disk.remove());
  const file = join(disk.path, 'log');
  const log = createLogger({ role: 'worker', level: 'info', file });
  log.info({}, 'before');
  disk.fill();
  for (let line = 0; line < 10_000; line++) log.info({ line }, 'nobody reads this');
  disk.clear();
  log.info({}, 'after');
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  assert.ok(lines.length < 5000);
  assert.deepEqual(
    [lines[0], lines.at(-1)].map(line => JSON.parse(line ?? '').msg),
    ['before', 'after'],
  );
  assert.throws(() => JSON.parse(lines.at(-2) ?? ''), 'the line that was cut off stands alone');
});

test('the silent logger has children that are silent', () => {
  silentLogger.child({ a: 1 }).error({}, 'unheard');
});
