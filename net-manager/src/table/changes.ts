/** How registration and table change what we have been told. */
import type { NetRegistration, TableEntry } from '@hedgerow/protos';
import type { Directory, ServiceChanges } from './directory.ts';
import { type Service, serviceOf } from './services.ts';
import type { NetState } from './state.ts';

/**
 * @returns the same state for the same registration. Another subnet takes the addresses of all attachments with it:
 * they are dropped, and whoever owns the containers attaches them again.
 */
export function withRegistration(state: NetState, registration: NetRegistration): NetState {
  if (same(state.registration, registration)) return state;
  if (state.registration?.subnet === registration.subnet) return { ...state, registration };
  return { ...state, registration, attachments: new Map(), freed: [] };
}

/** A table that was told: the whole of it, or some services. */
export interface Told {
  entries: readonly TableEntry[];
  whole: boolean;
}

/** What is different once all of them are in force. Services that say the same are not in it. */
export function changesOf(services: Directory, told: readonly Told[]): ServiceChanges {
  const changes = new Map<string, Service | null>();
  for (const [jobName, entry] of lastWords(services, told)) {
    const known = services.get(jobName);
    if (entry.removed ? known === undefined : same(known?.entry, entry)) continue;
    changes.set(jobName, entry.removed ? null : serviceOf(entry));
  }
  return changes;
}

function lastWords(services: Directory, told: readonly Told[]): Map<string, TableEntry> {
  const last = new Map<string, TableEntry>();
  for (const { entries, whole } of told) {
    if (whole) for (const name of [...services.jobNames(), ...last.keys()]) last.set(name, gone(name));
    for (const entry of entries) last.set(entry.job_name, entry);
  }
  return last;
}

function gone(job_name: string): TableEntry {
  return { job_name, application_id: '', service_ip: '', instances: [], removed: true };
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
