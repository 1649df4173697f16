/** Runs a script of this folder in a process of its own, which says what it finds as lines of JSON. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** @param told each line, parsed */
export function apart<T>(script: string, args: readonly number[], told: (found: T) => void): ChildProcess {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', line => told(JSON.parse(line) as T));
  return child;
}
