/** How registration and table change what we have been told. */
import type { NetRegistration, TableEntry } from '@hedgerow/protos';
import { type NetState, withKey } from './state.ts';

/**
 * @returns the same state for the same registration. Another subnet takes the addresses of all attachments with it:
 * they are dropped, and whoever owns the containers attaches them again.
 */
export function withRegistration(state: NetState, registration: NetRegistration): NetState {
  if (same(state.registration, registration)) return state;
  if (state.registration?.subnet === registration.subnet) return { ...state, registration };
  return { ...state, registration, attachments: new Map(), freed: [] };
}

export function withEntry(state: NetState, entry: TableEntry): NetState {
  const known = state.entries.get(entry.job_name);
  if (entry.removed ? !known : same(known, entry)) return state;
  return { ...state, entries: withKey(state.entries, entry.job_name, entry.removed ? null : entry) };
}

/** Entries that did not change keep their identity, so that only the others are written. */
export function withEntries(state: NetState, entries: readonly TableEntry[]): NetState {
  const next = new Map<string, TableEntry>();
  for (const entry of entries) {
    if (entry.removed) continue;
    const known = state.entries.get(entry.job_name);
    next.set(entry.job_name, known && same(known, entry) ? known : entry);
  }
  const unchanged =
    next.size === state.entries.size && [...next].every(([key, entry]) => state.entries.get(key) === entry);
  return unchanged ? state : { ...state, entries: next };
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
