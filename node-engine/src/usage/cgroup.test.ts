import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { cgroupFiles, findCgroup, readUsage } from './cgroup.ts';

const V1 = '9:memory:/docker/c1\n4:cpuacct:/docker/c1\n0::/docker/c1\n';
const V1_JOINED = '9:memory:/docker/c1\n4:cpu,cpuacct:/docker/c1\n';
const V2 = '0::/system.slice/docker-c1.scope\n';

it('finds the files of version 1, also on a hybrid machine, and of version 2', () => {
  const v1 = { version: 1, cpu: '/cg/cpuacct/docker/c1', memory: '/cg/memory/docker/c1' };
  assert.deepEqual(cgroupFiles(V1, '/cg'), v1);
  assert.deepEqual(cgroupFiles(V1_JOINED, '/cg'), v1);
  const unified = '/cg/system.slice/docker-c1.scope';
  assert.deepEqual(cgroupFiles(V2, '/cg'), { version: 2, cpu: unified, memory: unified });
  assert.equal(cgroupFiles('', '/cg'), null);
});

it('reads the same from either version', () => {
  const root = mkdtempSync(join(tmpdir(), 'hedgerow-cgroup-'));
  const write = (file: string, text: string) => {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  write('cpuacct/docker/c1/cpuacct.usage', '1500000000\n');
  write('memory/docker/c1/memory.usage_in_bytes', '5000\n');
  write('memory/docker/c1/memory.stat', 'inactive_file 1\ntotal_inactive_file 1000\n');
  write('system.slice/docker-c1.scope/cpu.stat', 'usage_usec 1500000\nuser_usec 1\n');
  write('system.slice/docker-c1.scope/memory.current', '5000\n');
  write('system.slice/docker-c1.scope/memory.stat', 'anon 4\ninactive_file 1000\n');
  for (const text of [V1, V2]) {
    const files = cgroupFiles(text, root);
    assert.deepEqual(files && readUsage(files), { cpu: 1.5, memory: 4000 });
  }
  rmSync(root, { recursive: true });
});

it('answers null for what is gone', () => {
  assert.equal(findCgroup(2 ** 22 + 1), null);
  assert.equal(readUsage({ version: 2, cpu: '/nowhere', memory: '/nowhere' }), null);
});

it('finds this very process', () => {
  assert.ok(findCgroup(process.pid));
});
