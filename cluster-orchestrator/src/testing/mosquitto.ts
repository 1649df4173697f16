import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeServer, listen } from '@hedgerow/common';

const PROGRAM = '/usr/sbin/mosquitto';

/** For `skip` of node:test. */
export const noMosquitto: string | false = existsSync(PROGRAM) ? false : `${PROGRAM} is not installed`;

/** Debian's mosquitto on a loopback port; it takes no port 0, so a free one is looked for. */
export async function startMosquitto(): Promise<{ url: string; port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'hedgerow-mosquitto-'));
  const file = join(folder, 'mosquitto.conf');
  await writeFile(file, `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
  const child = spawn(PROGRAM, ['-c', file], { stdio: 'ignore' });
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    async stop() {
      const gone = new Promise(resolve => child.once('exit', resolve));
      child.kill();
      await gone;
      await rm(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const address = await listen(server, { host: '127.0.0.1', port: 0 });
  await closeServer(server);
  return 'port' in address ? address.port : 0;
}
