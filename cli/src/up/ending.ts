import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** ms that the word of a process's end may come after the end */
const PATIENCE = 1000;

/** How a process ended, in words, once it has; it never rejects. To be asked for at its start: an end is told once. */
export function endingOf(child: ChildProcess): Promise<string> {
  return new Promise(resolve => {
    child.once('exit', (code, signal) => resolve(signal === null ? `with code ${code}` : `by ${signal}`));
  });
}

/** Of one that is not alive any more. Its child process keeps nobody waiting by itself: the timer does. */
export async function wordsOf(ending: Promise<string>): Promise<string> {
  const over = new AbortController();
  const { signal } = over;
  return Promise.race([ending, delay(PATIENCE, 'in an unknown way', { signal })]).finally(() => over.abort());
}
