import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { closeServer, listen } from '@hedgerow/common';
import { examine } from './doctor.ts';
import { judgeRuleset } from './firewall.ts';
import { checkKernel } from './kernel.ts';
import { checkCgroups, checkClock } from './machine.ts';
import { checkPort } from './ports.ts';
import { checkPrograms } from './programs.ts';

const skip = process.platform !== 'linux' || process.getuid?.() !== 0 ? 'needs root on Linux' : false;

test('the kernel has what the data path needs', { skip }, async () => {
  const findings = await checkKernel();
  assert.deepEqual(
    findings.filter(finding => finding.state !== 'ok'),
    [],
  );
  for (const name of ['veth', 'vxlan', 'forwarding']) assert.ok(findings.some(({ check }) => check === name));
});

test('what the kernel lacks is a failure, with what to type', { skip }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'hedge-doctor-'));
  const { PATH } = process.env;
  t.after(() => {
    process.env.PATH = PATH;
    rmSync(folder, { recursive: true });
  });
  writeFileSync(
    join(folder, 'nft'),
    '#!/bin/sh\necho "Error: Could not process rule: No such file" >&2\nexit 1\n',
  );
  chmodSync(join(folder, 'nft'), 0o755);
  process.env.PATH = `${folder}:${PATH}`;
  const lacking = (await checkKernel()).filter(finding => finding.state !== 'ok');
  assert.deepEqual(lacking.length, 1);
  assert.deepEqual(
    [lacking[0]?.state, lacking[0]?.check],
    ['failed', 'nftables with NAT, maps, numgen and fib'],
  );
  assert.match(lacking[0]?.mend ?? '', /modprobe nft_chain_nat/);
});

test('the programs are there', { skip }, async () => {
  const findings = await checkPrograms();
  assert.deepEqual(
    findings.map(finding => [finding.check, finding.state]),
    ['nft', 'ip', 'nsenter', 'busybox'].map(name => [name, 'ok']),
  );
});

test('every row has a name of its own', { skip }, async () => {
  const names = (await examine(Date.now())).map(({ check }) => check);
  assert.deepEqual(names, [...new Set(names)]);
  for (const name of ['conntrack', 'forwarding', 'firewall']) assert.ok(names.includes(name), name);
});

test('a port in use is told with the flag that chooses another', async () => {
  const server = createServer();
  const { port } = (await listen(server, { host: '0.0.0.0', port: 0 })) as { port: number };
  const use = { port, protocol: 'tcp', what: 'System Manager', flag: 'hedge root --port' } as const;
  const finding = await checkPort(use);
  assert.equal(finding.state, 'warning');
  assert.match(finding.mend, /hedge root --port/);
  await closeServer(server);
  assert.equal((await checkPort(use)).state, 'ok');
});

test('both versions of cgroups are known, a missing controller is told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hedge-cgroups-'));
  try {
    mkdirSync(join(folder, 'cpu'));
    assert.match(checkCgroups(folder).found, /version 1 without memory/);
    mkdirSync(join(folder, 'memory'));
    assert.equal(checkCgroups(folder).state, 'ok');
    writeFileSync(join(folder, 'cgroup.controllers'), 'cpu io memory\n');
    assert.deepEqual(checkCgroups(folder).found, 'version 2');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a clock of another age is a failure', async () => {
  assert.equal((await checkClock(0)).state, 'failed');
  assert.notEqual((await checkClock(Date.UTC(2027, 0))).state, 'failed');
});

test('a dropping FORWARD is a warning only without DOCKER-USER', () => {
  const drop = 'chain FORWARD {\n type filter hook forward priority filter; policy drop;\n }';
  assert.equal(judgeRuleset('').state, 'ok');
  assert.equal(judgeRuleset(drop).state, 'warning');
  assert.equal(judgeRuleset(`${drop}\nchain DOCKER-USER {\n }`).state, 'ok');
  assert.equal(judgeRuleset('chain INPUT { type filter hook input priority 0; policy drop; }').state, 'ok');
});
