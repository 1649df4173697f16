import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { endingOf, wordsOf } from './ending.ts';

test('a process ends with a code or by a signal', async () => {
  const end = (script: string) => wordsOf(endingOf(spawn('sh', ['-c', script], { stdio: 'ignore' })));
  assert.equal(await end('exit 3'), 'with code 3');
  assert.equal(await end('kill -9 $$'), 'by SIGKILL');
});

test('an end of which no word comes is waited for in vain, but not for long', async () => {
  assert.equal(await wordsOf(new Promise(() => {})), 'in an unknown way');
});
