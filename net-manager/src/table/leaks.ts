import type { KernelState } from './desired.ts';
import { NETWORKS } from './networks.ts';

export const LEAK_KINDS = ['links', 'routes', 'neighbours', 'tunnelEnds', 'elements'] as const;
export type LeakKind = (typeof LEAK_KINDS)[number];

/** What is in the kernel and nobody can explain, by kind. */
export type Leaks = Readonly<Record<LeakKind, readonly string[]>>;

export const NO_LEAKS: Leaks = {
  links: [],
  routes: [],
  neighbours: [],
  tunnelEnds: [],
  elements: [],
};

/** Names of our own making that were found and that nothing we were told accounts for. Networks are the machine's. */
export function leaksIn(found: KernelState, explained: KernelState): Leaks {
  const strangers = (kind: LeakKind) =>
    [...found[kind].keys()].filter(key => !explained[kind].has(key) && !key.startsWith(`${NETWORKS} `));
  return Object.fromEntries(LEAK_KINDS.map(kind => [kind, strangers(kind)])) as unknown as Leaks;
}
