import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = installation(dirname(fileURLToPath(import.meta.url)));

/** Where a role's source is; its bundle is `dist/<role>.mjs`. */
export const SOURCES = {
  hedge: 'cli/src/main.ts',
  root: 'root-orchestrator/src/main.ts',
  cluster: 'cluster-orchestrator/src/main.ts',
  worker: 'cli/src/worker/main.ts',
  'node-engine': 'node-engine/src/main.ts',
  'net-manager': 'net-manager/src/main.ts',
};
/** Processes that stay: a small heap is worth more to them than speed. Refused in NODE_OPTIONS, so given here. */
const STAYS = ['--optimize-for-size', '--max-semi-space-size=1'];

export const ROLES = Object.keys(SOURCES);

/**
 * The bundle when it is there and no source is newer; else the source.
 * @param from 'source' or 'bundle' to have that one
 */
export function entryOf(role, from = 'newest', root = repository) {
  const source = join(root, SOURCES[role]);
  const bundle = join(root, 'dist', `${role}.mjs`);
  if (from !== 'newest') return from === 'source' ? source : bundle;
  if (!existsSync(bundle)) return source;
  if (!existsSync(source)) return bundle;
  return statSync(bundle).mtimeMs > newestSource(root) ? bundle : source;
}

/** Flags of Node for a role; `hedge` itself stays only as `hedge up`. */
export function flagsOf(role, args) {
  return role === 'hedge' && args[0] !== 'up' ? [] : STAYS;
}

/**
 * Variables of glibc's allocator for roles that stay: one arena, and freed memory goes back to the machine (scrypt of a
 * login and large tables would else be kept for ever). Measured: 19 MB of the root, 2 to 3 of a worker.
 */
export function environmentOf(role, args) {
  if (flagsOf(role, args).length === 0) return {};
  return { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_MMAP_THRESHOLD_: '131072' };
}

/** The nearest folder above that holds sources or bundles: this file is also part of a bundle. */
function installation(from) {
  const marks = ['dist/hedge.mjs', 'cli/bin/hedge.js'];
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    if (marks.some(mark => existsSync(join(folder, mark)))) return folder;
  }
  throw new Error(`no installation above ${from}`);
}

/** When the sources of all workspaces were changed last, ms since 1970. */
export function newestSource(root) {
  const folders = readdirSync(root).map(name => join(root, name, 'src'));
  return Math.max(0, ...folders.filter(existsSync).flatMap(folder => times(folder)));
}

/** A folder's own time tells of files that were removed, renamed, or put back as they were. */
function times(folder) {
  const own = readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return times(path);
    return entry.name.endsWith('.ts') ? [statSync(path).mtimeMs] : [];
  });
  return [statSync(folder).mtimeMs, ...own];
}
