import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { closeServer, listen } from '@hedgerow/common';
import { docker } from './http.ts';

test('an Engine that is frozen is not waited for', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'hedge-docker-'));
  const server = createServer(() => {});
  const path = join(folder, 'docker.sock');
  await listen(server, { path });
  t.after(async () => {
    server.closeAllConnections();
    await closeServer(server);
    rmSync(folder, { recursive: true });
  });
  await assert.rejects(
    docker(path, { method: 'GET', path: '/_ping', patience: 20 }),
    /nothing came for 0.02 s/,
  );
});
