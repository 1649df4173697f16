import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mountsBelow } from '../system/mounts.ts';
import { processesNaming } from '../system/process.ts';
import { listNamespaces } from './namespaces.ts';

const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const skip = process.platform !== 'linux' || process.getuid?.() !== 0 ? 'needs root on Linux' : false;

test('Ctrl-C removes everything, also when nobody reads what is said', { skip }, async () => {
  const args = ['start', '--silent', '--', '--port', '0'];
  const child = spawn('npm', args, { cwd: repository, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  let shown = '';
  // Leaving the loop closes our end of the pipe.
  for await (const chunk of child.stdout) {
    shown += chunk;
    if (shown.includes('hedge ps')) break;
  }
  const [, dir, id] = /logs +(\S+\/(\w{4}))\/\*\.log/.exec(shown) ?? [];
  assert.ok(dir && id, shown);
  assert.match(shown, /API page +http:\/\/127\.0\.0\.1:\d+\/api\/docs/);
  assert.ok(existsSync(dir));
  // As a terminal does: to the whole group.
  process.kill(-(child.pid ?? 0), 'SIGINT');
  await once(child, 'exit');
  assert.equal(existsSync(dir), false);
  assert.deepEqual(processesNaming(`${dir}/`), []);
  assert.deepEqual(mountsBelow(dir), []);
  assert.deepEqual(
    listNamespaces().filter(name => name.startsWith(`hedge-${id}-`)),
    [],
  );
});
