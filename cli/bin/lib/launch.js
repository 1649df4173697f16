import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { child, endAs } from './child.js';
import { entryOf, environmentOf, flagsOf } from './entry.js';
import { nodeMissing, pinnedNode } from './node.js';

/**
 * Runs a role under the pinned Node with its flags. A Node that can (22.15 or newer) is replaced by it, as `exec` does
 * in a shell: same process id, no parent left behind. An older one stays as a parent of about 40 MB that passes signals
 * and the exit code on; a service should therefore start `node_modules/.bin/node cli/bin/<launcher>.js`.
 */
export async function launch(role, args) {
  const node = pinnedNode(dirname(fileURLToPath(import.meta.url)));
  if (node === undefined) {
    process.stderr.write(`${nodeMissing()}\n`);
    process.exitCode = 1;
    return;
  }
  const command = [...flagsOf(role, args), entryOf(role), ...args];
  const env = { ...environmentOf(role, args), ...process.env };
  if (process.execve) process.execve(node, [node, ...command], env);
  endAs(await child(node, command, { env }));
}
