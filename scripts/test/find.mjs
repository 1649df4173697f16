import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const SKIPPED = new Set(['node_modules', 'dist', '.git', '.hedgerow']);

/** Test files of the workspaces, sorted; those that match a pattern when there are any. */
export function findTests(root, patterns = []) {
  const matchers = patterns.map(pattern => matcher(pattern.replace(/^\.\//, '').replace(/\/$/, '')));
  return walk(root)
    .map(file => relative(root, file).split(sep).join('/'))
    .filter(file => /\.test\.(ts|mjs)$/.test(file) && /^(?:[^/]+\/src|test|bench|scripts)\//.test(file))
    .filter(file => matchers.length === 0 || matchers.some(matches => matches(file)))
    .sort();
}

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : walk(join(folder, entry.name));
    return [join(folder, entry.name)];
  });
}

/** `*` stays inside a folder, `**` does not. A pattern without them is a file, or everything below a folder. */
function matcher(pattern) {
  const source = pattern
    .split(/(\*\*\/?|\*)/)
    .map(part => {
      if (part.startsWith('**')) return '.*';
      return part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  const expression = new RegExp(`^${source}(?:/.*)?$`);
  return file => expression.test(file);
}
