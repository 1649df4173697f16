/** `node scripts/with-node.mjs FILE ARGUMENT…`: runs a file with the pinned Node, installing it first when it is missing. */
import { child, endAs } from '../cli/bin/lib/child.js';
import { command, setup } from './setup.mjs';

await command(async () => {
  const { node } = await setup({ programs: false });
  endAs(await child(node, process.argv.slice(2)));
});
