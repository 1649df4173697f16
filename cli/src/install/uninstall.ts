/** Takes a service of `hedge install` off this machine. */
import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { exec } from '../system/exec.ts';
import { parseEnvironment } from './environment.ts';
import { readIfThere } from './files.ts';
import { environmentFile, unitFile } from './install.ts';
import { findPlaces } from './places.ts';
import { INSTALL_ROLES, type InstallRoleName, unitOf } from './roles.ts';
import { needSystemd, systemctl } from './systemd.ts';

export interface UninstallOptions {
  /** also what it keeps, and what it runs */
  purge: boolean;
  prefix: string;
  dryRun: boolean;
  say(line: string): void;
}

/** Does nothing where nothing is installed. @throws INSTALL_IMPOSSIBLE, INSTALL_FAILED */
export async function uninstall(role: InstallRoleName, options: UninstallOptions): Promise<void> {
  const { prefix, dryRun, purge, say } = options;
  const files = [environmentFile(role, prefix), unitFile(role, prefix)];
  const there = files.filter(file => existsSync(file));
  if (there.length === 0) return say(`no ${role} is installed`);
  if (dryRun) {
    for (const file of there) say(`would remove ${file}`);
    return;
  }
  if (prefix === '') {
    needSystemd();
    await stop(role, purge, say);
  }
  for (const file of there) {
    rmSync(file);
    say(`removed ${file}`);
  }
  removeIfEmpty(dirname(environmentFile(role, prefix)));
  if (prefix === '') await systemctl('daemon-reload');
}

async function stop(role: InstallRoleName, purge: boolean, say: (line: string) => void): Promise<void> {
  const unit = unitOf(role);
  try {
    await systemctl('disable', '--quiet', '--now', unit);
    await systemctl('reset-failed', unit).catch(() => {}); // it has not failed
    say(`stopped ${unit}`);
    if (!purge) return;
    await removeWhatRuns(role);
    for (const folder of removeState(role)) say(`removed ${folder}`);
  } catch (cause) {
    throw new HedgerowError(ERRORS.INSTALL_FAILED, (cause as Error).message, { cause });
  }
}

/** Of a service with a user of its own, the folder is in `private` and a link leads there. @returns what was removed */
function removeState(role: InstallRoleName): string[] {
  const parents = ['/var/lib/private/hedgerow', '/var/lib/hedgerow'];
  const folders = parents.map(parent => join(parent, INSTALL_ROLES[role].state));
  const there = folders.filter(folder => lstatSync(folder, { throwIfNoEntry: false }));
  for (const folder of there) rmSync(folder, { recursive: true });
  for (const parent of parents) removeIfEmpty(parent);
  return there;
}

/** Containers and the network of a worker outlive its process on purpose. */
async function removeWhatRuns(role: InstallRoleName): Promise<void> {
  const { removal } = INSTALL_ROLES[role];
  if (!removal) return;
  const { node, installation } = findPlaces();
  const [launcher = '', ...words] = removal;
  const variables = Object.entries(parseEnvironment(readIfThere(environmentFile(role, ''))));
  const env = variables.map(([name, value]) => `${name}=${value}`);
  await exec('env', [...env, node, `${installation}/cli/bin/${launcher}.js`, ...words]);
}

function removeIfEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
}
