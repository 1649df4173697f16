import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { newestSource, ROLES } from '../../cli/bin/lib/entry.js';

/** What the build reads beside the sources: versions of packages, itself, and what it copies. */
const READ = [
  'package-lock.json',
  'cli/package.json',
  'cli/bin/lib',
  'examples',
  'packaging/systemd',
  'protos/proto',
  'scripts/build',
  'scripts/build.ts',
];

/** True when every bundle is there and nothing that it is made of is newer. */
export function areBundlesCurrent(root) {
  const bundles = ROLES.map(role => join(root, 'dist', `${role}.mjs`));
  if (!existsSync(join(root, 'dist/assets')) || !bundles.every(existsSync)) return false;
  const oldest = Math.min(...bundles.map(bundle => statSync(bundle).mtimeMs));
  return oldest > Math.max(newestSource(root), ...READ.map(path => newest(join(root, path))));
}

function newest(path) {
  if (!existsSync(path)) return 0;
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map(name => newest(join(path, name))));
}
