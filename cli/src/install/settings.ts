import { lookup } from 'node:dns/promises';
import { HedgerowError, messageOf, parseAddress, readConfig } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { Variables } from './environment.ts';
import { INSTALL_ROLES, type InstallRole, type InstallRoleName } from './roles.ts';

/** The unit says where a service keeps its data: systemd makes that folder and lets it write nowhere else. */
const FIXED = new Set(['ROOT_DATA', 'CLUSTER_DATA', 'HEDGEROW_DATA', 'NET_MANAGER_DATA']);

/**
 * @param given of `--set`, `NAME=value` each
 * @throws USAGE for one that is no variable of this role
 */
export function readSets(role: InstallRoleName, given: readonly string[]): Record<string, string> {
  return Object.fromEntries(given.map(text => readSet(role, text)));
}

function readSet(role: InstallRoleName, text: string): [string, string] {
  const at = text.indexOf('=');
  const name = text.slice(0, at);
  const known = variablesOf(INSTALL_ROLES[role]);
  if (at > 0 && known.includes(name) && !FIXED.has(name)) return [name, text.slice(at + 1)];
  const why = FIXED.has(name)
    ? `${name} is set by the unit`
    : `${JSON.stringify(text)} is not NAME=value of a variable of a ${role}`;
  const allowed = known.filter(each => !FIXED.has(each)).join(', ');
  throw new HedgerowError(ERRORS.USAGE, `--set: ${why}; allowed: ${allowed}`);
}

/** As the service will read them. @throws USAGE when one is missing or they do not go together, BAD_CONFIG when one is bad */
export function checkVariables(role: InstallRoleName, variables: Variables): void {
  const { needs, settings, check } = INSTALL_ROLES[role];
  const missing = Object.entries(needs).filter(([name]) => (variables[name] ?? '') === '');
  if (missing.length > 0) {
    const names = missing.map(([name, option]) => `${option} (or the variable ${name})`).join(', ');
    throw new HedgerowError(ERRORS.USAGE, `a ${role} needs ${names}`);
  }
  readConfig(settings, [], variables);
  try {
    check?.(variables);
  } catch (cause) {
    throw new HedgerowError(ERRORS.USAGE, messageOf(cause), { cause });
  }
}

/** @throws INSTALL_IMPOSSIBLE when the tier above has a name that nobody knows */
export async function checkParent(role: InstallRoleName, variables: Variables): Promise<void> {
  const { parent } = INSTALL_ROLES[role];
  for (const text of (variables[parent ?? ''] ?? '').split(',').filter(Boolean)) {
    const address = parseAddress(text.trim(), 1);
    if ('path' in address) continue;
    await lookup(address.host).catch((cause: NodeJS.ErrnoException) => {
      const message = `${parent}: the host ${address.host} is not known here (${cause.code}); write its address, or put it into /etc/hosts`;
      throw new HedgerowError(ERRORS.INSTALL_IMPOSSIBLE, message, { cause });
    });
  }
}

function variablesOf({ settings }: InstallRole): string[] {
  return Object.values(settings).flatMap(({ env }) => (env === undefined ? [] : [env]));
}
