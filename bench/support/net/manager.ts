/** The product's Net Manager in a worker's namespace, spoken to over its unix socket as the Node Engine would. */
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lifecycle } from '@hedgerow/common';
import {
  type AttachRequest,
  type AttachResult,
  NET_PATHS,
  type NetRegistration,
  type TableEntry,
} from '@hedgerow/protos';
import { inNetns, start } from '../exec.ts';
import { waitUntil } from '../wait.ts';
import type { Worker } from './netns.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.resolve('@hedgerow/net-manager')));

export interface ManagedWorker {
  register(registration: NetRegistration): Promise<void>;
  attach(request: AttachRequest): Promise<AttachResult>;
  setTable(entries: TableEntry[]): Promise<void>;
}

export async function startNetManager(life: Lifecycle, worker: Worker): Promise<ManagedWorker> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'hedgerow-bench-net-'));
  life.add('Net Manager folder', () => rm(dir, { recursive: true, force: true }));
  const socket = path.join(dir, 'net.sock');
  const flags = ['--listen', `unix:${socket}`, '--data', path.join(dir, 'data')];
  const manager = start(inNetns(worker.netns.path, [process.execPath, MAIN, ...flags]));
  life.add('Net Manager', () => manager.stop());
  await waitUntil('Net Manager', 15_000, 50, () =>
    call(socket, 'GET', NET_PATHS.status).then(
      () => true,
      () => false,
    ),
  );
  return {
    register: async body => void (await call(socket, 'POST', NET_PATHS.register, body)),
    attach: async body => JSON.parse(await call(socket, 'POST', NET_PATHS.attach, body)) as AttachResult,
    setTable: async entries => void (await call(socket, 'POST', NET_PATHS.table, { entries })),
  };
}

function call(socketPath: string, method: string, url: string, body?: unknown): Promise<string> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    request({ socketPath, method, path: url, headers }, response => {
      let answer = '';
      response.setEncoding('utf8').on('data', (part: string) => (answer += part));
      response.once('end', () => {
        if ((response.statusCode ?? 500) < 400) resolve(answer);
        else reject(new Error(`Net Manager ${url}: ${response.statusCode} ${answer}`));
      });
    })
      .once('error', reject)
      .end(text);
  });
}
