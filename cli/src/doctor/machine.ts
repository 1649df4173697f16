import { existsSync, readFileSync } from 'node:fs';
import { messageOf } from '@hedgerow/common';
import { dockerJson } from '../docker/http.ts';
import { exec } from '../system/exec.ts';
import { SYSTEM_SOCKET } from '../up/engine.ts';
import { type Finding, failed, ok, warning } from './finding.ts';

const CGROUPS = '/sys/fs/cgroup';

export async function checkDocker(socket = SYSTEM_SOCKET): Promise<Finding> {
  try {
    const info = await dockerJson<{ ServerVersion: string; Driver: string; CgroupVersion?: string }>(socket, {
      method: 'GET',
      path: '/info',
    });
    return ok(
      'docker',
      `Docker Engine ${info.ServerVersion}, ${info.Driver}, cgroup v${info.CgroupVersion ?? '1'}`,
    );
  } catch (error) {
    const mend = 'systemctl start docker (`hedge up` starts an engine of its own)';
    return warning('docker', `no Docker Engine at ${socket}: ${messageOf(error)}`, mend);
  }
}

/** Version 1 has a folder per controller, version 2 a list. */
export function checkCgroups(folder = CGROUPS): Finding {
  const unified = existsSync(`${folder}/cgroup.controllers`);
  const has = unified
    ? readFileSync(`${folder}/cgroup.controllers`, 'utf8').trim().split(' ')
    : ['memory', 'cpu'].filter(name => existsSync(`${folder}/${name}`));
  const missing = ['memory', 'cpu'].filter(name => !has.includes(name));
  const version = `version ${unified ? 2 : 1}`;
  if (missing.length === 0) return ok('cgroups', version);
  return failed(
    'cgroups',
    `${version} without ${missing.join(' and ')}`,
    'boot with cgroup_enable=memory; mount cgroups',
  );
}

/** Tokens and certificates are valid from a time to a time. */
export async function checkClock(now: number): Promise<Finding> {
  const year = new Date(now).getUTCFullYear();
  if (year < 2026) return failed('clock', `the year is ${year}`, 'set the clock: timedatectl set-ntp true');
  const found = new Date(now).toISOString();
  // adjtimex(2): bit 0x40 of the status says that nothing keeps the clock right.
  const text = await exec('/bin/busybox', ['adjtimex']).catch(() => '');
  const status = Number(/status:\s+(\d+)/.exec(text)?.[1] ?? 0);
  if ((status & 0x40) === 0) return ok('clock', found);
  return warning('clock', `${found}, not kept right by NTP`, 'timedatectl set-ntp true');
}

export function checkEntropy(file = '/proc/sys/kernel/random/entropy_avail'): Finding {
  const bits = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  if (bits >= 128) return ok('random numbers', `${bits} bits`);
  return warning(
    'random numbers',
    `${bits} bits`,
    'wait, or install rng-tools5: keys are made at the first start',
  );
}
