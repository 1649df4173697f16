import type { Aggregate } from '@hedgerow/protos';
import { free, type Seat } from '../scheduler/types.ts';
import type { Usage } from './workers.ts';

/** Sums and averages over the workers that can be placed on; what the root chooses a cluster by. */
export function aggregate(all: Iterable<Seat>, usage: (workerId: string) => Usage): Aggregate {
  const seats = [...all].filter(seat => seat.presence !== 'away');
  const used = seats.map(seat => usage(seat.offer.id));
  const left = (quantity: 'vcpus' | 'memory') => seats.map(seat => Math.max(0, free(seat, quantity)));
  return {
    active_nodes: seats.length,
    cpu_percent: mean(used.map(u => u.cpu_percent)),
    memory_percent: mean(used.map(u => u.memory_percent)),
    vcpus: Math.floor(sum(seats.map(seat => seat.offer.vcpus))),
    memory: sum(seats.map(seat => seat.offer.memory)),
    free_vcpus: sum(left('vcpus')),
    free_memory: sum(left('memory')),
    largest_free_vcpus: Math.max(0, ...left('vcpus')),
    largest_free_memory: Math.max(0, ...left('memory')),
    vgpus: sum(seats.map(seat => seat.offer.vgpus)),
    virtualization: distinct(seats.flatMap(seat => seat.offer.virtualization)),
    architecture: distinct(seats.map(seat => seat.offer.architecture)),
    workers: distinct(seats.map(seat => seat.offer.hostname)),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

/** Tenths, so that noise does not make news. */
function mean(numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : Math.round((sum(numbers) / numbers.length) * 10) / 10;
}

function distinct(words: readonly string[]): string[] {
  return [...new Set(words)].sort();
}
