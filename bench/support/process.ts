/** What a process weighs and what it burns, from /proc. */
import { readdir, readFile } from 'node:fs/promises';

/** MiB. */
export interface Weight {
  /** pages shared with other processes are counted in parts */
  pss: number;
  /** nobody else has them */
  private: number;
}

export function parseWeight(smapsRollup: string): Weight {
  const kib = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(smapsRollup)?.[1]);
  return {
    pss: kib('Pss') / 1024,
    private: (kib('Private_Clean') + kib('Private_Dirty')) / 1024,
  };
}

export async function weigh(pid: number): Promise<Weight> {
  return parseWeight(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'));
}

/** @returns ms that the threads of the process have run so far, to the nanosecond: first number of `schedstat` */
export async function cpuMs(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const times = threads.map(thread => threadMs(`/proc/${pid}/task/${thread}/schedstat`));
  return (await Promise.all(times)).reduce((sum, ms) => sum + ms, 0);
}

/** A thread that has just ended has no file any more; its time is lost to the sum. */
async function threadMs(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch(() => '0');
  return Number(text.split(' ')[0]) / 1e6;
}
