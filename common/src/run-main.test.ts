import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CONFIG_ERRORS } from './config.ts';
import { HedgerowError } from './errors.ts';
import { startExitCode } from './run-main.ts';
import { STORE_ERRORS } from './store/store.ts';
import { smallDisk, withoutSmallDisk } from './testing/small-disk.ts';

test('what was said wrong is 2; what may be otherwise in a while, or is a fault of the program, is 1', () => {
  const { STORE_FULL, STORE_FAILED, STORE_NEWER } = STORE_ERRORS;
  const codes = [CONFIG_ERRORS.BAD_CONFIG, STORE_NEWER, STORE_FULL, STORE_FAILED].map(kind =>
    startExitCode(new HedgerowError(kind, 'no')),
  );
  assert.deepEqual(codes, [2, 2, 1, 1]);
  assert.equal(startExitCode(new TypeError('no')), 1);
});

/** A program that does nothing but open its store. */
const PROGRAM = `
  import { openSqlite, runMain } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
  runMain({
    name: 'Program',
    about: '',
    settings: {},
    async run() {
      const store = openSqlite({ file: process.env.STORE, durability: 'full' });
      await store.collection('things', []).insert({ id: 'one' });
    },
  });`;

test('a store without room is said in a sentence and is no wrong use', {
  skip: withoutSmallDisk(),
}, async (t: TestContext) => {
  const disk = smallDisk();
  t.after(() => disk.remove());
  disk.fill();
  const env = { PATH: process.env.PATH, STORE: join(disk.path, 'store.sqlite') };
  const [code, said] = await new Promise<[unknown, string]>(resolve => {
    const args = ['--input-type=module-typescript', '-e', PROGRAM];
    execFile(process.execPath, args, { env }, (error, _, stderr) => resolve([error?.code, stderr]));
  });
  assert.equal(code, 1, said);
  assert.match(said, /^Program: the disk with its data is full; make room, then start it again \(.*\)\n$/);
});
