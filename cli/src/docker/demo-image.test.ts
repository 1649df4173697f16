import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { closeServer, listen } from '@hedgerow/common';
import { SERVE } from './demo-image.ts';

const BUSYBOX = '/bin/busybox';

async function freePort(): Promise<number> {
  const server = createServer();
  const { port } = (await listen(server, { host: '127.0.0.1', port: 0 })) as { port: number };
  await closeServer(server);
  return port;
}

test('the demo’s server says that it is there, and each request', { skip: !existsSync(BUSYBOX) }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'hedge-demo-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const port = await freePort();
  const here = SERVE.replaceAll('/tmp/www', folder).replace('exec httpd', `exec ${BUSYBOX} httpd`);
  const env = { ...process.env, PORT: `127.0.0.1:${port}` };
  const server = spawn(BUSYBOX, ['sh', '-c', here], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => server.kill());
  const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
  const line = async () => String((await lines.next()).value);
  assert.match(await line(), /answers HTTP on port/);
  assert.equal((await answer(port)).status, 200);
  assert.match(await line(), /url:\/$/);
  assert.match(await line(), /response:200/);
});

/** The line comes before the port is open. */
async function answer(port: number): Promise<Response> {
  for (let left = 100; ; left--) {
    try {
      return await fetch(`http://127.0.0.1:${port}/`);
    } catch (error) {
      if (left === 0) throw error;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }
}
