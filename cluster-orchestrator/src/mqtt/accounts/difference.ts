/** From what the broker has to what it should have. Pure. */
import type { Command, ListedClient, ListedRole } from './control.ts';
import {
  clientIdOf,
  clusterRole,
  clusterRules,
  type Rule,
  rolePrefix,
  workerRole,
  workerRules,
} from './rights.ts';

export interface Account {
  workerId: string;
  password: string;
}

export interface Wanted {
  clusterName: string;
  /** the cluster's own user at the broker */
  user: string;
  accounts: readonly Account[];
}

export interface Listed {
  roles: readonly ListedRole[];
  clients: readonly ListedClient[];
}

/** Gives a worker its account, whatever was there under its name. The deletions may fail: there may be nothing. */
export function grantCommands(clusterName: string, { workerId, password }: Account): Command[] {
  const rolename = workerRole(clusterName, workerId);
  return [
    ...revokeCommands(clusterName, workerId),
    { command: 'createRole', rolename, acls: workerRules(workerId) },
    {
      command: 'createClient',
      username: workerId,
      password,
      clientid: clientIdOf(workerId),
      textname: `worker of ${clusterName}`,
      roles: [{ rolename, priority: 0 }],
    },
  ];
}

/** The client first: it is disconnected by that. */
export function revokeCommands(clusterName: string, workerId: string): Command[] {
  return [
    { command: 'deleteClient', username: workerId, mayFail: true },
    { command: 'deleteRole', rolename: workerRole(clusterName, workerId), mayFail: true },
  ];
}

/** What is right already is left alone, because a change disconnects its client. */
export function difference(wanted: Wanted, listed: Listed): Command[] {
  const roles = new Map(listed.roles.map(role => [role.rolename, role]));
  const clients = new Map(listed.clients.map(client => [client.username, client]));
  const missing = wanted.accounts.filter(({ workerId }) => {
    const role = roles.get(workerRole(wanted.clusterName, workerId));
    return !isRight(wanted.clusterName, workerId, role, clients.get(workerId));
  });
  return [
    ...stale(wanted, listed).flatMap(id => revokeCommands(wanted.clusterName, id)),
    ...missing.flatMap(account => grantCommands(wanted.clusterName, account)),
    ...ownRights(wanted, roles, clients.get(wanted.user)),
  ];
}

function isRight(
  clusterName: string,
  workerId: string,
  role: ListedRole | undefined,
  client: ListedClient | undefined,
): boolean {
  const names = client?.roles?.map(({ rolename }) => rolename) ?? [];
  return (
    client?.clientid === clientIdOf(workerId) &&
    client.disabled !== true &&
    names.length === 1 &&
    names[0] === workerRole(clusterName, workerId) &&
    sameRules(role?.acls ?? [], workerRules(workerId))
  );
}

/** Ids of workers that have an account or a role here and are not this cluster's any more. */
function stale({ clusterName, accounts }: Wanted, { roles, clients }: Listed): string[] {
  const prefix = rolePrefix(clusterName);
  const known = new Set(accounts.map(({ workerId }) => workerId));
  const named = [
    ...roles.map(({ rolename }) => rolename),
    ...clients.flatMap(client => (client.roles ?? []).map(({ rolename }) => rolename)),
  ];
  const ids = named
    .filter(name => name.startsWith(prefix) && name !== clusterRole(clusterName))
    .map(name => name.slice(prefix.length));
  return [...new Set(ids)].filter(id => !known.has(id));
}

/** Last, because it ends the cluster's own connection; it comes back with its new rights. */
function ownRights(
  { clusterName, user }: Wanted,
  roles: ReadonlyMap<string, ListedRole>,
  own: ListedClient | undefined,
): Command[] {
  const rolename = clusterRole(clusterName);
  const role = roles.get(rolename);
  const right = role !== undefined && sameRules(role.acls ?? [], clusterRules());
  const make = { command: role ? 'modifyRole' : 'createRole', rolename, acls: clusterRules() };
  const has = own?.roles?.some(held => held.rolename === rolename) ?? false;
  return [
    ...(right ? [] : [make]),
    ...(has ? [] : [{ command: 'addClientRole', username: user, rolename, priority: 0 }]),
  ];
}

function sameRules(a: readonly Rule[], b: readonly Rule[]): boolean {
  const lines = (rules: readonly Rule[]) =>
    rules.map(rule => [rule.acltype, rule.topic, rule.priority, rule.allow].join(' ')).sort();
  return lines(a).join('\n') === lines(b).join('\n');
}
