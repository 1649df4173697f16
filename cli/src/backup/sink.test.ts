import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { openSink } from './sink.ts';

let folder = '';
let told = '';
const io = {
  out(text: string) {
    told += text;
  },
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hedge-sink-'));
  told = '';
});
afterEach(() => rmSync(folder, { recursive: true }));

async function put(target: string, text = 'all of it'): Promise<void> {
  const sink = await openSink(target, io);
  try {
    await sink.write(text);
    await sink.keep();
  } catch (error) {
    await sink.drop();
    throw error;
  }
}

const unwritable = (words: RegExp) => (error: Error & { code?: string }) => {
  assert.equal(error.code, 'FILE_UNWRITABLE');
  assert.match(error.message, words);
  return true;
};

test('a file is there whole or not at all, for this user alone', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, 'old', { mode: 0o644 });
  const sink = await openSink(file, io);
  await sink.write('half');
  assert.equal(readFileSync(file, 'utf8'), 'old');
  await sink.drop();
  assert.deepEqual(readdirSync(folder), ['file']);
  await put(file);
  assert.equal(readFileSync(file, 'utf8'), 'all of it');
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a symbolic link is followed, also to a file that is not there yet', async () => {
  const [link, file] = [join(folder, 'link'), join(folder, 'file')];
  symlinkSync('file', link);
  for (const text of ['first', 'second']) {
    await put(link, text);
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.equal(readFileSync(file, 'utf8'), text);
  }
  symlinkSync('round', join(folder, 'round'));
  await assert.rejects(put(join(folder, 'round')), unwritable(/symbolic links/));
});

test('a device stays one, and a full one is an error', { skip: !existsSync('/dev/full') }, async () => {
  await assert.rejects(put('/dev/full'), unwritable(/^\/dev\/full cannot be written: .*ENOSPC/));
  assert.ok(statSync('/dev/full').isCharacterDevice());
  await put('/dev/null');
  assert.ok(statSync('/dev/null').isCharacterDevice());
});

test('a FIFO gives it to its reader', async () => {
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const [read] = await Promise.all([readFile(fifo, 'utf8'), put(fifo)]);
  assert.equal(read, 'all of it');
  assert.ok(lstatSync(fifo).isFIFO());
});

test('- and /dev/stdout are standard output, which somebody has to read', async () => {
  for (const target of ['-', '/dev/stdout']) await put(target);
  assert.equal(told, 'all of itall of it');
  const sink = await openSink('-', { ...io, gone: AbortSignal.abort() });
  await assert.rejects(sink.write('x'), unwritable(/nobody reads it/));
});

test('what cannot hold a backup is refused and stays', async () => {
  await assert.rejects(put(folder), unwritable(/it is a directory; allowed: a file/));
  await assert.rejects(put(join(folder, 'none', 'file')), unwritable(/ENOENT/));
  assert.deepEqual(readdirSync(folder), []);
});
