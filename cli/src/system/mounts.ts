import { readFileSync } from 'node:fs';
import { exec } from './exec.ts';

/** Mount points at or below a folder, deepest first. */
export function mountsBelow(folder: string): string[] {
  if (process.platform !== 'linux') return [];
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => plain(line.split(' ')[4] ?? ''))
    .filter(point => point === folder || point.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
}

export async function unmountBelow(folder: string): Promise<void> {
  for (const point of mountsBelow(folder)) await exec('umount', ['--lazy', point]);
}

/** The kernel writes space, tab, newline and backslash in octal. */
function plain(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
