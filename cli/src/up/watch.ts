import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '../system/process.ts';
import type { Run } from './run.ts';

export interface WatchOptions {
  say: (text: string) => void;
  /** ends the watch: from then on processes end because they are to */
  signal: AbortSignal;
  /** ms between two looks */
  every?: number;
}

/** Says once of each process of the run that it has ended although nobody asked it to, until `signal`. */
export async function watch(run: Run, { say, signal, every = 1000 }: WatchOptions): Promise<void> {
  const told = new Set<string>();
  while (!signal.aborted) {
    for (const { name, pid, start } of run.record.processes) {
      const key = `${pid} ${start}`;
      if (told.has(key) || isAlive({ pid, start })) continue;
      told.add(key);
      say(`${name} (process ${pid}) has ended; its log: ${join(run.dir, `${name}.log`)}\n`);
    }
    // Rejects only when the signal comes, which the loop sees by itself.
    await delay(every, undefined, { signal }).catch(() => {});
  }
}
