import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './paths.mjs';
import { run } from './run.mjs';
import { step } from './say.mjs';

const CI = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** Installs the npm packages unless what is installed is what the lock file says. */
export async function ensurePackages(root = repository, out = process.stderr) {
  if (packagesAreCurrent(root)) return;
  await step('npm packages installed', () => run('npm', CI, { cwd: root }), out);
}

/**
 * npm leaves `node_modules/.package-lock.json` at the end of a complete installation. It lacks only the optional
 * packages of other platforms. A few ms, where asking npm itself takes a second.
 */
export function packagesAreCurrent(root) {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  const wanted = readPackages(join(root, 'package-lock.json'));
  if (!installed || !wanted) return false;
  return Object.entries(wanted).every(([path, entry]) => isInstalled(path, entry, installed, root));
}

function isInstalled(path, entry, installed, root) {
  if (!path.startsWith('node_modules/')) return true;
  const found = installed[path];
  if (found) return found.version === entry.version && existsSync(join(root, path));
  return entry.optional === true || entry.devOptional === true || entry.peer === true;
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
