/** How much cpu and memory an instance used: the last figures of each, in memory only. */

import type { Mirror } from '../mirrors/mirror.ts';
import type { Instance } from '../model.ts';

/** As Oakestra's clients read it: Go refuses a number for a string. */
export interface Point {
  value: string;
  /** ISO 8601, UTC */
  timestamp: string;
}

export interface UsageHistory {
  cpu_history: Point[];
  memory_history: Point[];
}

/** Figures per instance. */
export const MOST_POINTS = 100;

/** Numbers, not points: a hundred of them take 2.4 kB for each instance. */
interface Series {
  /** epoch ms */
  at: number[];
  cpu: number[];
  memory: number[];
}

export class Usage {
  readonly #series = new Map<string, Series>();

  constructor(instances: Mirror<Instance>) {
    instances.listen((before, after) => {
      if (after) this.#record(before, after);
      else if (before) this.#series.delete(before.id);
    });
  }

  /** Oldest first. */
  of(instanceId: string): UsageHistory {
    const series = this.#series.get(instanceId);
    if (!series) return NO_USAGE;
    const points = (values: readonly number[]) =>
      values.flatMap((value, index) => {
        if (Number.isNaN(value)) return [];
        return [{ value: String(value), timestamp: new Date(series.at[index] ?? 0).toISOString() }];
      });
    return { cpu_history: points(series.cpu), memory_history: points(series.memory) };
  }

  /** A figure that was said again comes with a new time; a change of anything else repeats an old figure. */
  #record(before: Instance | null, { id, ...after }: Instance): void {
    const { cpu_percent, memory_percent } = after;
    if (cpu_percent === '' && memory_percent === '') return;
    if (before?.cpu_percent === cpu_percent && before.memory_percent === memory_percent) return;
    const series = this.#series.get(id) ?? { at: [], cpu: [], memory: [] };
    this.#series.set(id, series);
    series.at.push(after.last_modified_timestamp * 1000);
    series.cpu.push(numberIn(cpu_percent));
    series.memory.push(numberIn(memory_percent));
    if (series.at.length <= MOST_POINTS) return;
    for (const values of [series.at, series.cpu, series.memory]) values.shift();
  }
}

export const NO_USAGE: UsageHistory = { cpu_history: [], memory_history: [] };

function numberIn(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}
