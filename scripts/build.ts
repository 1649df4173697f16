/** `npm run build`: one file per role into `dist/`, and `dist/assets`. */
import { mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { ROLES, type Role, SOURCES } from '../cli/bin/lib/entry.js';
import { copyAssets } from './build/assets.ts';
import { MANAGER_STUBS, stubs, WORKER_STUBS } from './build/stubs.ts';

/** CommonJS packages inside a module need `require`; the assets lie beside the bundle unless told otherwise. */
const BANNER = `import { createRequire as hedgerowRequire } from 'node:module';
import { fileURLToPath as hedgerowPath } from 'node:url';
const require = hedgerowRequire(import.meta.url);
process.env.HEDGEROW_ASSETS ??= hedgerowPath(new URL('./assets', import.meta.url));`;

/** @param target directory that is replaced, at once and only when everything was built */
export async function buildAll(repository: string, target: string): Promise<void> {
  const beside = join(dirname(target), '.hedgerow');
  const made = join(beside, `build-${process.pid}`);
  try {
    await mkdir(made, { recursive: true });
    const managers = ROLES.filter(role => MANAGERS.has(role));
    const others = ROLES.filter(role => !MANAGERS.has(role));
    await Promise.all([
      bundle(repository, made, managers, MANAGER_STUBS),
      bundle(repository, made, others, WORKER_STUBS),
    ]);
    await copyAssets(repository, join(made, 'assets'));
    await rm(target, { recursive: true, force: true });
    await rename(made, target);
  } finally {
    await rm(made, { recursive: true, force: true });
    await rmdir(beside).catch(() => {}); // another build may be using it
  }
}

/** Those that speak gRPC. */
const MANAGERS: ReadonlySet<string> = new Set(['root', 'cluster']);

async function bundle(
  repository: string,
  target: string,
  roles: readonly Role[],
  unused: readonly string[],
): Promise<void> {
  await build({
    absWorkingDir: repository,
    entryPoints: roles.map(out => ({ in: SOURCES[out], out })),
    outdir: target,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    // Names stay: they are what a stack in a log shows.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'linked',
    banner: { js: BANNER },
    plugins: [stubs(unused)],
    logLevel: 'warning',
  });
}

if (import.meta.main) {
  const repository = dirname(dirname(fileURLToPath(import.meta.url)));
  const start = performance.now();
  await buildAll(repository, join(repository, 'dist'));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`dist: ${ROLES.join(', ')} in ${seconds} s\n`);
}
