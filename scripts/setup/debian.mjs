import { accessSync, chmodSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isStatic } from '../../cli/bin/lib/elf.js';
import { run } from './run.mjs';
import { SetupError, step } from './say.mjs';

/** The programs that are called, and Debian's package for each. */
export const PROGRAMS = [
  { command: 'dockerd', package: 'docker.io' },
  { command: 'nft', package: 'nftables' },
  { command: 'ip', package: 'iproute2' },
  { command: 'conntrack', package: 'conntrack' },
  { command: 'nsenter', package: 'util-linux' },
  { command: '/bin/busybox', package: 'busybox-static', static: true },
];
/** For the tests of an outside broker, of the dashboards and of the images. */
export const TEST_PROGRAMS = [
  ...PROGRAMS,
  { command: 'mosquitto', package: 'mosquitto' },
  { command: 'prometheus', package: 'prometheus' },
  { command: 'debootstrap', package: 'debootstrap' },
  { command: 'docker-compose', package: 'docker-compose' },
];

/** Services that come with a package and are not to be started by it, now or at boot. */
const SERVICES = {
  'docker.io': ['docker.service', 'docker.socket', 'containerd.service'],
  mosquitto: ['mosquitto.service'],
  prometheus: ['prometheus.service'],
};

const SBIN = ['/usr/local/sbin', '/usr/sbin', '/sbin'];
const POLICY = '/usr/sbin/policy-rc.d';

/** Names of the Debian packages whose programs are not there. */
export function missingPackages(programs, path = process.env.PATH ?? '') {
  return programs.filter(program => !isThere(program, path)).map(program => program.package);
}

/** Installs what is missing. A fresh docker.io would start its engine at once and at every boot: it is kept from both. */
export async function ensurePrograms(programs, out = process.stderr) {
  const missing = missingPackages(programs);
  if (missing.length === 0) return;
  if (!find('apt-get', process.env.PATH ?? '')) {
    throw new SetupError(`missing: ${missing.join(', ')}. Install them with this system's package manager.`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await step('package lists updated', () => run('apt-get', ['update', '-q'], { env }), out);
  await step(`installed ${missing.join(', ')}`, () => withoutServices(missing, env), out);
}

function install(packages, env) {
  return run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], { env });
}

/** `policy-rc.d` is Debian's own way to say that package scripts may not start services. */
async function withoutServices(packages, env) {
  const own = !existsSync(POLICY);
  if (own) {
    writeFileSync(POLICY, '#!/bin/sh\nexit 101\n');
    chmodSync(POLICY, 0o755);
  }
  try {
    await install(packages, env);
    await disableAtBoot(packages);
  } finally {
    if (own) rmSync(POLICY, { force: true });
  }
}

/** Only of what was just installed: a service that was there before is its owner's. */
async function disableAtBoot(packages) {
  if (!existsSync('/run/systemd/system')) return;
  const units = packages.flatMap(name => SERVICES[name] ?? []);
  for (const unit of units) await run('systemctl', ['disable', unit]).catch(() => {});
}

function isThere(program, path) {
  const file = find(program.command, path);
  return file !== undefined && (!program.static || isStatic(file));
}

function find(command, path) {
  if (command.startsWith('/')) return isExecutable(command) ? command : undefined;
  const folders = [...path.split(':').filter(Boolean), ...SBIN];
  return folders.map(folder => join(folder, command)).find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
