import { readFileSync } from 'node:fs';

/** MiB. */
export interface Memory {
  total: number;
  available: number;
}

/** @param text of /proc/meminfo, in kB */
export function parseMemory(text: string): Memory {
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return {
    total: Math.floor(field('MemTotal') / 1024),
    available: Math.floor(field('MemAvailable') / 1024),
  };
}

export function memory(): Memory {
  return parseMemory(readFileSync('/proc/meminfo', 'utf8'));
}

export function memoryPercent(memory: Memory): number {
  return memory.total === 0 ? 0 : Math.round((1 - memory.available / memory.total) * 1000) / 10;
}
