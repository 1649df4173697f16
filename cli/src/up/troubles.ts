import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tailOf } from '../system/tail.ts';
import type { Run } from './run.ts';

/** pino's numbers */
const WARN = 40;
const LINES = 8;
/** of a log whose end says why a process does not stay; they are searched for troubles */
const LAST = 200;
const LAST_SHOWN = 3;
/** of dockerd and its containerd, which warn of every feature that they do without */
const LOUD = / level=(?:warning|info) /;

/** The last warnings and errors of each process, because the logs are about to be removed. */
export function troubles(run: Run): string {
  const logs = readdirSync(run.dir).filter(name => name.endsWith('.log'));
  const told = logs.flatMap(name => {
    const lines = readFileSync(join(run.dir, name), 'utf8').trimEnd().split('\n').filter(isTrouble);
    return lines.length === 0 ? [] : [`${name}:`, ...lines.slice(-LINES).map(line => `  ${line}`)];
  });
  return told.length === 0 ? '' : `\n${told.join('\n')}\n`;
}

/** The last warnings and errors of a log, or where there are none its last lines; '(none)' of an empty one. */
export function lastWords(log: string): string {
  const lines = tailOf(log, LAST)
    .split('\n')
    .filter(line => line !== '');
  const told = lines.filter(isTrouble);
  const shown = (told.length > 0 ? told : lines).slice(-LAST_SHOWN);
  return shown.length === 0 ? '(none)' : shown.join('\n  ');
}

/** What is not one of our lines, as a stack, is one as well. */
function isTrouble(line: string): boolean {
  if (line === '' || LOUD.test(line)) return false;
  try {
    return (JSON.parse(line) as { level: number }).level >= WARN;
  } catch {
    return true;
  }
}
