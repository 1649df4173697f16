import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { silentLogger } from '@hedgerow/common';
import { smallDisk, withoutSmallDisk } from '@hedgerow/common/testing';
import { type LateWrite, Reserve } from './reserve.ts';

const write = (id: string, change: Partial<LateWrite> = {}): LateWrite => ({
  ...{ collection: 'desired', id, revision: 1, document: null },
  ...change,
});

describe('the reserve', () => {
  let directory: string;
  let path: string;
  const open = () => new Reserve(path, silentLogger);
  /** What an engine that comes after a kill finds. */
  const found = () => {
    const reserve = open();
    const { writes } = reserve;
    reserve.close();
    return writes;
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hedgerow-reserve-'));
    path = join(directory, 'reserve');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('keeps what was written last of each document, and nothing of what was dropped', () => {
    const reserve = open();
    for (const late of [write('a'), write('b', { document: { ended: 1 } }), write('c')]) reserve.keep(late);
    reserve.keep(write('b', { document: { ended: 2 } }));
    reserve.drop(write('c'));
    reserve.drop(write('never kept'));
    assert.deepEqual(found(), [write('a'), write('b', { document: { ended: 2 } })]);
    assert.deepEqual(reserve.writes, found());
    reserve.close();
  });

  it('never grows, says when it is full, and has all its room again when everything was dropped', () => {
    const reserve = open();
    const { size } = statSync(path);
    const long = 'x'.repeat(1000);
    let count = 0;
    while (reserve.keep(write(`${count} ${long}`))) count += 1;
    assert.ok(count > 50);
    assert.equal(found().length, count);
    for (let at = 0; at < count; at++) reserve.drop(write(`${at} ${long}`));
    assert.ok(readFileSync(path).every(byte => byte === 0));
    assert.ok(reserve.keep(write('short')));
    assert.deepEqual(found(), [write('short')]);
    assert.equal(statSync(path).size, size);
    reserve.close();
  });

  it('has room for removals when documents have been noted again and again', () => {
    const reserve = open();
    const text = 'x'.repeat(2000);
    for (let count = 0; count < 500; count++) {
      assert.ok(reserve.keep(write(`loops ${count % 5}`, { document: { text, count } })));
    }
    let count = 0;
    while (reserve.keep(write(`${count}`, { document: { text } }))) count += 1;
    assert.ok(count > 5);
    for (let at = 0; at < count; at++) assert.ok(reserve.keep(write(`${at}`)), `removal ${at}`);
    assert.deepEqual(
      new Set(found().map(late => JSON.stringify(late))),
      new Set(reserve.writes.map(late => JSON.stringify(late))),
    );
    assert.equal(found().filter(({ document }) => document === null).length, count);
    reserve.close();
  });

  it('what was written last counts, wherever it is, when a kill left the one before it', () => {
    const reserve = open();
    for (const id of ['hole', 'a'])
      reserve.keep(write(id, { document: { text: 'as long as it has to be' } }));
    reserve.drop(write('hole'));
    const old = readFileSync(path);
    reserve.keep(write('a'));
    reserve.close();
    const bytes = readFileSync(path);
    const dropped = bytes.lastIndexOf('#');
    assert.notEqual(dropped, 0, 'it stands before the one that it replaced');
    bytes[dropped] = old[dropped] as number;
    writeFileSync(path, bytes);
    assert.deepEqual(found(), [write('a')]);
    assert.deepEqual(found(), [write('a')], 'and the other one is gone');
  });

  it('a line that a kill cut off spoils none of those before and after it', () => {
    const reserve = open();
    reserve.keep(write('a'));
    const { length } = JSON.stringify(write('a'));
    reserve.keep(write('b'));
    reserve.close();
    const bytes = readFileSync(path);
    bytes.fill(0, length + 20);
    writeFileSync(path, bytes);
    const next = open();
    assert.deepEqual(next.writes, [write('a')]);
    next.keep(write('c'));
    assert.deepEqual(found(), [write('a'), write('c')]);
    next.close();
  });

  it('one that is not whole is made anew', () => {
    open().close();
    truncateSync(path, 100);
    const reserve = open();
    assert.ok(reserve.keep(write('a')));
    reserve.close();
    assert.equal(statSync(path).size, 64 * 1024);
  });

  it('without room it keeps nothing, and takes the room later', { skip: withoutSmallDisk() }, t => {
    const disk = smallDisk();
    t.after(() => disk.remove());
    disk.fill();
    const reserve = new Reserve(join(disk.path, 'reserve'), silentLogger);
    assert.equal(reserve.keep(write('a')), false);
    disk.clear();
    reserve.prepare();
    disk.fill();
    assert.throws(() => appendFileSync(join(disk.path, 'other'), 'x'), { code: 'ENOSPC' });
    assert.equal(reserve.keep(write('a')), true);
    reserve.close();
  });
});
