/** `npm run bench -- NAME… [--json FILE]`: sets the machine up, bundles, and runs the benchmarks. */
import { join } from 'node:path';
import { child, endAs } from '../cli/bin/lib/child.js';
import { repository } from './setup/paths.mjs';
import { run } from './setup/run.mjs';
import { step } from './setup/say.mjs';
import { command, setup } from './setup.mjs';

await command(async () => {
  const { node } = await setup();
  await step('bundles built', () =>
    run(node, [join(repository, 'scripts', 'build.ts')], { cwd: repository }),
  );
  endAs(await child(node, [join(repository, 'bench', 'main.ts'), ...process.argv.slice(2)]));
});
