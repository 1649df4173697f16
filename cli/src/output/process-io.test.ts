import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const PROGRAM = `
  import { processIo } from ${JSON.stringify(new URL('process-io.ts', import.meta.url).href)};
  const io = processIo();
  io.onInterrupt(() => io.err('forgotten'))();
  io.onInterrupt(() => io.err('it goes on'));
  io.out('ready');
  setInterval(() => {}, 1000);
`;

test('Ctrl-C says a last word and ends the process as ever', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM]);
  const said = text(child.stderr);
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  const [, signal] = await once(child, 'exit');
  assert.deepEqual([await said, signal], ['it goes on', 'SIGINT']);
});
