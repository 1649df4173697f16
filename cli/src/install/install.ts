/** Makes a systemd service of a role: one unit, one file of variables. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { formatEnvironment, parseEnvironment, type Variables } from './environment.ts';
import { type FileToWrite, readIfThere, writeAll } from './files.ts';
import { findPlaces, needReadable, needVisible, readTemplate } from './places.ts';
import { INSTALL_ROLES, type InstallRoleName, unitOf } from './roles.ts';
import { checkParent, checkVariables } from './settings.ts';
import { isActive, needSystemd, systemctl, untilSteady } from './systemd.ts';
import { renderUnit } from './unit.ts';

export interface InstallOptions {
  /** those that were given now; an empty value takes one away */
  variables: Variables;
  /** another machine's file system, where nothing is started; '' = this machine */
  prefix: string;
  /** prints instead */
  dryRun: boolean;
  /** progress, one line each */
  say(line: string): void;
}

/** @throws INSTALL_IMPOSSIBLE, INSTALL_FAILED, USAGE, BAD_CONFIG; before the first file is written, or with what was there restored */
export async function install(role: InstallRoleName, options: InstallOptions): Promise<void> {
  const here = options.prefix === '' && !options.dryRun;
  if (here) needSystemd();
  const files = filesOf(role, options);
  if (here) await checkParent(role, parseEnvironment(files[0]?.text ?? ''));
  if (options.dryRun) {
    for (const { path, text, mode } of files)
      options.say(`# ${path}, mode ${mode.toString(8)}\n${hideSecrets(text)}`);
    return;
  }
  const changed = writeAll(files);
  for (const path of changed) options.say(`wrote ${path}`);
  if (here) await start(unitOf(role), changed.length > 0, options);
}

/** The variables first: the unit needs them. */
function filesOf(role: InstallRoleName, { prefix, variables }: InstallOptions): [FileToWrite, FileToWrite] {
  refuseTwice(role, prefix);
  const places = findPlaces();
  if (prefix === '') needVisible(places);
  if (INSTALL_ROLES[role].confined && prefix === '') needReadable(places);
  const unit = renderUnit(readTemplate(places, unitOf(role)), places);
  const environment = environmentFile(role, prefix);
  const all = { ...INSTALL_ROLES[role].defaults, ...parseEnvironment(readOwn(environment)), ...variables };
  checkVariables(role, all);
  return [
    { path: environment, text: formatEnvironment(all), mode: 0o600 },
    { path: unitFile(role, prefix), text: unit, mode: 0o644 },
  ];
}

/** Two that program the same network would undo each other's work. */
function refuseTwice(role: InstallRoleName, prefix: string): void {
  const { excludes } = INSTALL_ROLES[role];
  const other = excludes.find(each => existsSync(unitFile(each, prefix)));
  if (other === undefined) return;
  const message = `a ${role} and a ${other} cannot be on one machine: hedge uninstall ${other}`;
  throw new HedgerowError(ERRORS.INSTALL_IMPOSSIBLE, message);
}

export function environmentFile(role: InstallRoleName, prefix: string): string {
  return join(prefix || '/', 'etc/hedgerow', `${role}.env`);
}

export function unitFile(role: InstallRoleName, prefix: string): string {
  return join(prefix || '/', 'etc/systemd/system', unitOf(role));
}

function readOwn(path: string): string {
  try {
    return readIfThere(path);
  } catch (cause) {
    throw new HedgerowError(ERRORS.INSTALL_IMPOSSIBLE, `${path} cannot be read: run it with sudo`, { cause });
  }
}

async function start(unit: string, changed: boolean, { say }: InstallOptions): Promise<void> {
  try {
    if (changed) await systemctl('daemon-reload');
    await systemctl('enable', '--quiet', unit);
    const restart = changed || !(await isActive(unit));
    if (restart) await systemctl('restart', unit);
  } catch (cause) {
    throw new HedgerowError(ERRORS.INSTALL_FAILED, (cause as Error).message, { cause });
  }
  await untilSteady(unit);
  say(`${unit} runs${changed ? '' : ', unchanged'}; its log: journalctl -u ${unit} -f`);
}

function hideSecrets(text: string): string {
  return text.replace(/^(\w*(?:TOKEN|PASSWORD)|MONGODB_URL|MQTT_URL)=.*$/gm, '$1=(hidden)');
}
