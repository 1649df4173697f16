/**
 * `npm run soak -- [--schedules N] [--seed N]`: random schedules over a simulated Hedgerow, see `test/model`. Ends with 1
 * and the seed when one of them goes wrong.
 */
import { join } from 'node:path';
import { child, endAs } from '../cli/bin/lib/child.js';
import { repository } from './setup/paths.mjs';
import { command, setup } from './setup.mjs';

await command(async () => {
  const { node } = await setup({ programs: false });
  endAs(await child(node, [join(repository, 'test', 'model', 'soak.ts'), ...process.argv.slice(2)]));
});
