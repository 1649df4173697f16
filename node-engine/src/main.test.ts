import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startTestCluster } from './testing/test-cluster.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

it('explains its flags, and names a wrong one', async () => {
  const { stdout } = await run(process.execPath, [MAIN, '--help']);
  assert.match(stdout, /-a, --cluster-address/);
  await assert.rejects(
    () => run(process.execPath, [MAIN, '--colour', 'red']),
    (error: { stderr: string; code: number }) =>
      error.code === 2 && /^NodeEngine: .*--colour/.test(error.stderr),
  );
});

it('logs one line when it can do its work, and takes its leave on a signal', async () => {
  const cluster = await startTestCluster();
  const data = mkdtempSync(join(tmpdir(), 'hedgerow-main-'));
  const flags = ['-a', '127.0.0.1', '-p', String(cluster.port), '--data', data, '--docker', '/nowhere'];
  const child = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = JSON.parse(line) as Record<string, unknown>;
    if (entry.msg !== 'ready') continue;
    assert.equal(entry.cluster, `127.0.0.1:${cluster.port}`);
    break;
  }
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  const presence = cluster.up.all.filter(({ leaf }) => leaf === 'presence').map(({ json }) => json().online);
  assert.deepEqual(presence, [true, false]);
  await cluster.stop();
  rmSync(data, { recursive: true });
});
