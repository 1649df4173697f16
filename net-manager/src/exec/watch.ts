import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { environment } from './environment.ts';

/** Runs a program that reports for ever. @returns a function that ends it */
export function watch(
  program: string,
  args: readonly string[],
  onLine: (line: string) => void,
  onEnd: () => void,
): () => void {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], env: environment() });
  createInterface({ input: child.stdout }).on('line', onLine);
  let ended = false;
  const end = () => {
    if (!ended) onEnd();
    ended = true;
  };
  child.once('error', end);
  child.once('close', end);
  return () => {
    ended = true;
    child.kill('SIGTERM');
  };
}
