/** The product's Net Manager in a worker's namespace, spoken to over its unix socket as the Node Engine would. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lifecycle } from '@hedgerow/common';
import { httpNetManager, type NetManager } from '@hedgerow/protos';
import { inNetns, start } from '../exec.ts';
import { waitUntil } from '../wait.ts';
import type { Worker } from './netns.ts';

export async function startNetManager(life: Lifecycle, worker: Worker): Promise<NetManager> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'hedgerow-bench-net-'));
  life.add('Net Manager folder', () => rm(dir, { recursive: true, force: true }));
  const address = `unix:${path.join(dir, 'net.sock')}`;
  const main = fileURLToPath(new URL('main.ts', import.meta.resolve('@hedgerow/net-manager')));
  const flags = ['--listen', address, '--data', path.join(dir, 'data'), '--log-level', 'warn'];
  const manager = start(inNetns(worker.netns.path, [process.execPath, main, ...flags]), {
    stdio: ['ignore', process.stderr, 'inherit'],
  });
  life.add('Net Manager', () => manager.stop());
  const client = httpNetManager(address);
  life.add('Net Manager client', () => client.close());
  await waitUntil('Net Manager', 15_000, 50, () =>
    client.status().then(
      () => true,
      () => false,
    ),
  );
  return client;
}
