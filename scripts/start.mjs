/** `npm start`: sets the machine up, bundles, and runs `hedge up` from the bundle. */
import { join } from 'node:path';
import { child, endAs } from '../cli/bin/lib/child.js';
import { entryOf } from '../cli/bin/lib/entry.js';
import { areBundlesCurrent } from './setup/bundles.mjs';
import { repository } from './setup/paths.mjs';
import { run } from './setup/run.mjs';
import { step } from './setup/say.mjs';
import { command, setup } from './setup.mjs';

const FLAGS = ['--optimize-for-size', '--max-semi-space-size=1'];
const HELP = ['-h', '--help'];

await command(async () => {
  const { node } = await setup();
  const args = process.argv.slice(2);
  const asksForHelp = args.some(word => HELP.includes(word));
  if (asksForHelp || !areBundlesCurrent(repository)) {
    // A wrong option or a taken port is said before the seconds that the build takes.
    const checked = await child(node, [entryOf('hedge'), 'up', ...args, '--dry-run']);
    if (asksForHelp || checked.signal || checked.code !== 0) return endAs(checked);
    const build = join(repository, 'scripts', 'build.ts');
    await step('bundles built', () => run(node, [build], { cwd: repository }));
  }
  const hedge = join(repository, 'dist', 'hedge.mjs');
  endAs(await child(node, [...FLAGS, hedge, 'up', ...args]));
});
