import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { isErrorOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { architecture } from './architecture.ts';
import { cpuPercent, cpuTimes, parseCpuTimes } from './cpu.ts';
import { memory, memoryPercent, parseMemory } from './memory.ts';
import { ageOf } from './process-age.ts';
import { ageOfServer } from './server-age.ts';
import { sourceAddress } from './source-address.ts';

it('counts the time that cores were neither idle nor waiting for disks', () => {
  const before = parseCpuTimes('cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3\n');
  assert.deepEqual(before, { busy: 200, total: 1000 });
  assert.equal(cpuPercent(before, { busy: 250, total: 1200 }), 25);
  assert.equal(cpuPercent(before, before), 0);
  assert.ok(cpuTimes().total > 0);
});

it('reads memory in MiB', () => {
  const parsed = parseMemory('MemTotal:        2048000 kB\nMemFree: 1 kB\nMemAvailable:    1024000 kB\n');
  assert.deepEqual(parsed, { total: 2000, available: 1000 });
  assert.equal(memoryPercent(parsed), 50);
  assert.ok(memory().available > 0);
});

it('names architectures as images do', () => {
  assert.deepEqual(['x64', 'arm64', 'riscv64'].map(architecture), ['amd64', 'arm64', 'riscv64']);
});

it('finds the address towards a cluster without sending anything', async () => {
  assert.equal(await sourceAddress('127.0.0.1', 9), '127.0.0.1');
  await assert.rejects(
    () => sourceAddress('no such host', 9),
    (error: Error) => isErrorOf(error, ERRORS.REGISTRATION_FAILED) && /no such host/.test(error.message),
  );
});

it('knows how long a process has run', () => {
  const age = ageOf(process.pid) ?? Number.NaN;
  assert.ok(Math.abs(age - process.uptime() * 1000) < 1000, `${age} ms`);
  assert.equal(ageOf(2 ** 30), undefined);
});

it('knows how long the process behind a local socket has run, whatever name the socket goes by', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'hedgerow-age-'));
  const [socket, other] = [join(directory, 'a.sock'), join(directory, 'link')];
  symlinkSync(directory, other);
  const server = createServer().listen(socket);
  await once(server, 'listening');
  for (const path of [socket, join(other, 'a.sock')]) {
    const age = (await ageOfServer(path)) ?? Number.NaN;
    assert.ok(Math.abs(age - process.uptime() * 1000) < 1000, `${age} ms`);
  }
  server.close();
  await once(server, 'close');
  assert.equal(await ageOfServer(socket), undefined);
  rmSync(directory, { recursive: true });
});
