/**
 * What went through a network device. From /proc, because /sys/class/net shows the namespace that /sys was mounted in,
 * and a worker may be in another one.
 */
import { readFileSync } from 'node:fs';
import { TUNNEL } from '../table/names.ts';

export interface Direction {
  bytes: number;
  /** packets that were faulty or dropped */
  dropped: number;
}

/** Since the device was made. */
export interface Traffic {
  received: Direction;
  sent: Direction;
}

/** @param text of /proc/net/dev: eight numbers for what was received, eight for what was sent, per device */
export function trafficOf(text: string, device: string): Traffic {
  const line = text.split('\n').find(row => row.trimStart().startsWith(`${device}:`));
  const numbers = (
    line
      ?.slice(line.indexOf(':') + 1)
      .trim()
      .split(/\s+/) ?? []
  ).map(Number);
  const from = (at: number): Direction => ({
    bytes: numbers[at] ?? 0,
    dropped: (numbers[at + 2] ?? 0) + (numbers[at + 3] ?? 0),
  });
  return { received: from(0), sent: from(8) };
}

/** All 0 while there is no tunnel. */
export function tunnelTraffic(): Traffic {
  return trafficOf(readFileSync('/proc/self/net/dev', 'utf8'), TUNNEL);
}
