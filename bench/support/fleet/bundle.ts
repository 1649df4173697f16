import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const SOURCE = fileURLToPath(new URL('./manager.ts', import.meta.url));
const ASSETS = fileURLToPath(new URL('../../../dist/assets', import.meta.url));
/** As in the bundles of `npm run build`. */
const BANNER = `import { createRequire as hedgerowRequire } from 'node:module';
const require = hedgerowRequire(import.meta.url);
process.env.HEDGEROW_ASSETS ??= ${JSON.stringify(ASSETS)};`;

/** Root and cluster as one file in `dir`. @returns its path */
export async function bundleManager(dir: string): Promise<string> {
  const outfile = path.join(dir, 'manager.mjs');
  await build({
    entryPoints: [SOURCE],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: BANNER },
    logLevel: 'warning',
  });
  return outfile;
}
