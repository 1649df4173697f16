import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger, systemClock } from '@hedgerow/common';
import { Random } from '@hedgerow/common/testing';
import { startRoot } from './app.ts';
import { linkClient } from './clusters/testing/link-client.ts';
import { dialMany } from './testing/raw.ts';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** Empty settings, as every client begins. */
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

test('what begins as a cluster’s stream and goes on as noise: the root lives, and takes the next cluster', async t => {
  const data = await mkdtemp(join(tmpdir(), 'hedgerow-noise-'));
  const settings = { host: '127.0.0.1', port: 0, socket: '', mongodb: '', address: '', leaseSeconds: 10 };
  const others = { clusterTokenFile: '', adminPassword: '', assets: '', accessTokenSeconds: 600 };
  const root = await startRoot({ ...settings, ...others, data }, { clock: systemClock, log: silentLogger });
  t.after(async () => {
    await root.stop();
    await rm(data, { recursive: true });
  });
  const seed = randomBytes(4).readUInt32LE();
  t.diagnostic(`seed ${seed}`);
  const chance = new Random(seed);
  const noise = () => Buffer.from(Array.from({ length: 1 + 400 * chance.next() }, () => 256 * chance.next()));
  const sockets = await dialMany(root.url, 100, at => {
    if (at % 3 === 0) return PREFACE.slice(0, 1 + PREFACE.length * chance.next());
    return Buffer.concat([Buffer.from(PREFACE), at % 3 === 1 ? SETTINGS : Buffer.alloc(0), noise()]);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  assert.equal((await fetch(`${root.url}/healthz`)).status, 200);
  const joined = (await readFile(join(data, 'cluster-token'), 'utf8')).trim();
  const cluster = linkClient(root.url.slice('http://'.length), 'quiet', joined);
  t.after(() => cluster.close());
  await cluster.hello();
});
