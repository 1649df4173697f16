import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

export function cores(): number {
  return availableParallelism();
}

/** Jiffies since boot, all cores. */
export interface CpuTimes {
  busy: number;
  total: number;
}

/** @param stat text of /proc/stat: `cpu  user nice system idle iowait irq softirq steal …` */
export function parseCpuTimes(stat: string): CpuTimes {
  const numbers = (stat.split('\n', 1)[0] ?? '').trim().split(/\s+/).slice(1, 9).map(Number);
  const total = numbers.reduce((sum, number) => sum + number, 0);
  return { busy: total - (numbers[3] ?? 0) - (numbers[4] ?? 0), total };
}

export function cpuTimes(): CpuTimes {
  return parseCpuTimes(readFileSync('/proc/stat', 'utf8'));
}

/** @returns percent of all cores, one decimal */
export function cpuPercent(before: CpuTimes, after: CpuTimes): number {
  const total = after.total - before.total;
  return total <= 0 ? 0 : Math.round(((after.busy - before.busy) / total) * 1000) / 10;
}
