/** What a process weighs and what it burns, from /proc. */
import { readdir, readFile } from 'node:fs/promises';

/** MiB. */
export interface Weight {
  /** pages shared with other processes are counted in parts */
  pss: number;
  /** heaps and stacks: no other process has them, whatever else runs on the machine */
  anonymous: number;
}

export function parseWeight(smapsRollup: string): Weight {
  const kib = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(smapsRollup)?.[1]);
  return {
    pss: kib('Pss') / 1024,
    anonymous: kib('Anonymous') / 1024,
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

/** The process and everything that it started and that still runs. */
export async function tree(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = threads.map(thread =>
    readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => ''),
  );
  const children = (await Promise.all(lists)).flatMap(list => list.split(' ').filter(Boolean).map(Number));
  return [pid, ...(await Promise.all(children.map(tree))).flat()];
}

export async function weighTree(pid: number): Promise<Weight> {
  const weights = await Promise.all((await tree(pid)).map(weigh));
  return weights.reduce((sum, w) => ({
    pss: sum.pss + w.pss,
    anonymous: sum.anonymous + w.anonymous,
  }));
}

/** Children that have come and gone are in the parent's own account, in steps of 10 ms. */
export async function cpuMsOfTree(pid: number): Promise<number> {
  const times = (await tree(pid)).map(
    async member => (await cpuMs(member)) + (await endedChildrenMs(member)),
  );
  return (await Promise.all(times)).reduce((sum, ms) => sum + ms, 0);
}

async function endedChildrenMs(pid: number): Promise<number> {
  return parseEndedChildrenMs(await readFile(`/proc/${pid}/stat`, 'utf8'));
}

/** Fields 16 and 17 of `stat`, in 1/100 s; the name in brackets before them may hold anything. */
export function parseEndedChildrenMs(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}
