import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, beforeEach, describe, it } from 'node:test';
import { isErrorOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { Holds } from './holds.ts';
import { checkShim } from './shim.ts';

const SHIM = '/bin/busybox';

describe('holds', { skip: existsSync(SHIM) ? false : `needs ${SHIM} (busybox-static)` }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'hedgerow-holds-'));
  let holds: Holds;
  const reader = (path: string) => {
    const child = spawn(SHIM, ['sh', '-c', 'read -r line <"$0" && echo "got $line"', path]);
    return text(child.stdout);
  };

  beforeEach(async () => {
    await holds?.close();
    rmSync(directory, { recursive: true, force: true });
    holds = await Holds.create({ directory, shim: SHIM });
  });
  after(async () => {
    await holds?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('gives FIFOs that anybody can read, as many as are wanted', async () => {
    const paths = await Promise.all(Array.from({ length: 20 }, (_, number) => holds.take(`c${number}`)));
    for (const path of paths) {
      const stat = statSync(path);
      assert.ok(stat.isFIFO());
      assert.equal(stat.mode & 0o777, 0o644);
    }
  });

  it('lets go who waits already, and who comes after the release', async () => {
    const early = reader(await holds.take('early'));
    holds.release('early');
    assert.equal(await early, 'got go\n');
    const path = await holds.take('late');
    holds.release('late');
    assert.equal(await reader(path), 'got go\n');
  });

  it('can be released by a later engine', async () => {
    const held = reader(await holds.take('c'));
    await holds.close();
    holds = await Holds.create({ directory, shim: SHIM });
    holds.release('c');
    assert.equal(await held, 'got go\n');
  });

  it('does not block or fail on what is not there', () => {
    holds.release('never taken');
    holds.drop('never taken');
  });

  it('removes what nobody uses', async () => {
    await holds.take('a');
    await holds.take('b');
    holds.keep(new Set(['b']));
    const left = readdirSync(directory).filter(file => !file.startsWith('.'));
    assert.deepEqual(left, ['b']);
    holds.drop('b');
    await holds.close();
    assert.deepEqual(readdirSync(directory), []);
  });

  it('refuses a shim that would not run inside of an image', async () => {
    const refused = (path: string, why: RegExp) =>
      assert.rejects(
        () => checkShim(path),
        (error: Error) => isErrorOf(error, ERRORS.SHIM_UNUSABLE) && why.test(error.message),
      );
    const script = join(directory, 'script');
    writeFileSync(script, '#!/bin/sh\n', { mode: 0o755 });
    await refused('/no/such', /ENOENT.*install busybox-static/);
    await refused(process.execPath, /linked dynamically/);
    await refused(script, /not an ELF program/);
    assert.ok(statSync(await checkShim(SHIM)).isFile());
  });
});
