import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Command } from './control.ts';
import { difference, grantCommands, type Listed, type Wanted } from './difference.ts';
import type { Rule } from './rights.ts';

const W1 = '111111111111111111111111';
const W2 = '222222222222222222222222';

const wanted = (...ids: string[]): Wanted => ({
  clusterName: 'site1',
  user: 'admin',
  accounts: ids.map(workerId => ({ workerId, password: `password of ${workerId}` })),
});

const NEW: Listed = {
  roles: [{ rolename: 'admin' }],
  clients: [{ username: 'admin', roles: [{ rolename: 'admin' }] }],
};

/** What the plug-in lists after these commands; enough of it for what `difference` sends. */
function after(listed: Listed, commands: readonly Command[]): Listed {
  const roles = new Map(listed.roles.map(role => [role.rolename, role]));
  const clients = new Map(listed.clients.map(client => [client.username, client]));
  for (const { command, ...fields } of commands) {
    const { rolename, username, acls } = fields as { rolename: string; username: string; acls: Rule[] };
    if (command === 'createRole' || command === 'modifyRole') roles.set(rolename, { rolename, acls });
    else if (command === 'createClient') clients.set(username, fields as { username: string });
    else if (command === 'deleteRole') roles.delete(rolename);
    else if (command === 'deleteClient') clients.delete(username);
    else if (command === 'addClientRole') {
      const client = clients.get(username);
      clients.set(username, { username, roles: [...(client?.roles ?? []), { rolename }] });
    } else assert.fail(`unknown command ${command}`);
  }
  return { roles: [...roles.values()], clients: [...clients.values()] };
}

const touched = (commands: readonly Command[]) =>
  new Set(commands.map(({ username, rolename }) => username ?? rolename));

test('a new broker gets every account and, last, the cluster’s own rights', () => {
  const commands = difference(wanted(W1, W2), NEW);
  const made = commands.filter(({ command }) => command === 'createClient');
  assert.deepEqual(
    made.map(({ username, clientid, password }) => [username, clientid, password]),
    [W1, W2].map(id => [id, `${id}-ne`, `password of ${id}`]),
  );
  assert.deepEqual(commands.at(-1), {
    command: 'addClientRole',
    username: 'admin',
    rolename: 'hedgerow/site1/cluster',
    priority: 0,
  });
});

test('what is right is left alone', () => {
  const listed = after(NEW, difference(wanted(W1, W2), NEW));
  assert.deepEqual(difference(wanted(W1, W2), listed), []);
});

test('accounts of workers that have gone are removed, also a role that was left behind alone', () => {
  const listed = after(NEW, difference(wanted(W1, W2), NEW));
  const withoutClient = after(listed, [{ command: 'deleteClient', username: W1 }]);
  for (const found of [listed, withoutClient]) {
    const commands = difference(wanted(W2), found);
    assert.deepEqual(touched(commands), new Set([W1, `hedgerow/site1/${W1}`]));
    assert.deepEqual(difference(wanted(W2), after(found, commands)), []);
  }
});

test('an account that somebody has changed is made anew, and no other', () => {
  const listed = after(NEW, difference(wanted(W1, W2), NEW));
  const changed: Command[][] = [
    [{ command: 'modifyRole', rolename: `hedgerow/site1/${W1}`, acls: [] }],
    [{ command: 'deleteRole', rolename: `hedgerow/site1/${W1}` }],
    [{ command: 'addClientRole', username: W1, rolename: 'admin' }],
    [{ command: 'createClient', username: W1, roles: [{ rolename: `hedgerow/site1/${W1}` }] }],
    [
      {
        command: 'createClient',
        username: W1,
        clientid: `${W1}-ne`,
        disabled: true,
        roles: [{ rolename: `hedgerow/site1/${W1}` }],
      },
    ],
  ];
  for (const change of changed) {
    const found = after(listed, change);
    const commands = difference(wanted(W1, W2), found);
    assert.deepEqual(
      commands,
      grantCommands('site1', { workerId: W1, password: `password of ${W1}` }),
      JSON.stringify(change),
    );
  }
});

test('what others have made is not touched', () => {
  const others = after(NEW, [
    { command: 'createRole', rolename: 'sensors', acls: [] },
    { command: 'createClient', username: 'thermometer', roles: [{ rolename: 'sensors' }] },
    ...difference({ ...wanted(W1), clusterName: 'site2' }, NEW),
  ]);
  const names = touched(difference(wanted(W2), others));
  assert.deepEqual(names, new Set([W2, `hedgerow/site1/${W2}`, 'hedgerow/site1/cluster', 'admin']));
});
