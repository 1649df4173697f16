import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Runs TypeScript without flags and has everything that the sources use. */
export const OLDEST = 26;

/**
 * The pinned Node comes as an npm package per platform (package.json's optionalDependencies).
 * @param {string} from a folder in or below the installation
 * @returns {string | undefined} its path; the running Node where there is none for this platform and it is new enough
 */
export function pinnedNode(from) {
  const name = join('node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, name))) return join(folder, name);
    if (folder === dirname(folder)) break;
  }
  return Number(process.versions.node.split('.')[0]) >= OLDEST ? process.execPath : undefined;
}

export function nodeMissing() {
  return `Node ${OLDEST} or newer is missing for ${process.platform}-${process.arch} (this is ${process.version}): run \`npm ci\` in the repository.`;
}
