/** `npm start`: sets the machine up, bundles, and runs `hedge up` from the bundle. */
import { join } from 'node:path';
import { child, endAs } from '../cli/bin/lib/child.js';
import { repository } from './setup/paths.mjs';
import { run } from './setup/run.mjs';
import { step } from './setup/say.mjs';
import { command, setup } from './setup.mjs';

const FLAGS = ['--optimize-for-size', '--max-semi-space-size=1'];

await command(async () => {
  const { node } = await setup();
  const build = join(repository, 'scripts', 'build.ts');
  await step('bundles built', () => run(node, [build], { cwd: repository }));
  const hedge = join(repository, 'dist', 'hedge.mjs');
  endAs(await child(node, [...FLAGS, hedge, 'up', ...process.argv.slice(2)]));
});
