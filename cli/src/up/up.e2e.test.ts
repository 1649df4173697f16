import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { differences, takeSnapshot } from '../../../test/support/snapshot.ts';
import { defaultRunsFolder } from './run.ts';
import { sweep } from './teardown.ts';

const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const skip = process.platform !== 'linux' || process.getuid?.() !== 0 ? 'needs root on Linux' : false;
const COMMAND = ['start', '--silent', '--', '--port', '0'];

test('npm start -- --check works twice and leaves nothing', { skip }, async () => {
  await sweep();
  const runs = defaultRunsFolder();
  const before = await takeSnapshot(runs);
  for (const turn of ['first', 'second']) {
    const { status, stdout, stderr } = spawnSync('npm', [...COMMAND, '--check'], {
      cwd: repository,
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${turn}: ${stdout}${stderr}`);
    assert.equal(stdout.match(/^clientsrvr\.test\.nginx\.test .* RUNNING .* \d+$/gm)?.length, 3, stdout);
    assert.deepEqual(differences(before, await takeSnapshot(runs)), [], turn);
  }
});

test('Ctrl-C removes everything, also when nobody reads what it says', { skip }, async () => {
  const runs = defaultRunsFolder();
  const before = await takeSnapshot(runs);
  const child = spawn('npm', COMMAND, {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let shown = '';
  // Leaving the loop closes our end of the pipe.
  for await (const chunk of child.stdout) {
    shown += chunk;
    if (shown.includes('hedge ps')) break;
  }
  assert.match(shown, /API page +http:\/\/127\.0\.0\.1:\d+\/api\/docs/);
  // As a terminal does: to the whole group.
  process.kill(-(child.pid ?? 0), 'SIGINT');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  assert.deepEqual(differences(before, await takeSnapshot(runs)), []);
});
