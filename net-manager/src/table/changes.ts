/** How registration and table change what we have been told. */
import type { NetRegistration, TableEntry } from '@hedgerow/protos';
import { type Service, serviceOf } from './services.ts';
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
  const known = state.services.get(entry.job_name);
  if (entry.removed ? !known : same(known?.entry, entry)) return state;
  const service = entry.removed ? null : serviceOf(entry);
  return { ...state, services: withKey(state.services, entry.job_name, service) };
}

/** Services that did not change keep their identity, so that only the others are read and written anew. */
export function withEntries(state: NetState, entries: readonly TableEntry[]): NetState {
  const next = new Map<string, Service>();
  for (const entry of entries) {
    if (entry.removed) continue;
    const known = state.services.get(entry.job_name);
    next.set(entry.job_name, known && same(known.entry, entry) ? known : serviceOf(entry));
  }
  const unchanged =
    next.size === state.services.size && [...next].every(([key, it]) => state.services.get(key) === it);
  return unchanged ? state : { ...state, services: next };
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
