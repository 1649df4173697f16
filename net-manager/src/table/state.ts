/**
 * What the Net Manager has been told of this worker, and so what the kernel shall hold besides the services that it
 * leads to. Values are never changed in place.
 */
import type { NetRegistration, PortMapping } from '@hedgerow/protos';

export interface Attachment {
  serviceName: string;
  instanceNumber: number;
  pid: number;
  /** which network namespace the container end is in; '' when that namespace is gone and the address only kept */
  sandbox: string;
  address: string;
  ports: readonly PortMapping[];
}

export interface NetState {
  readonly registration: NetRegistration | null;
  /** by `attachmentKey` */
  readonly attachments: ReadonlyMap<string, Attachment>;
  /** addresses that were given back, oldest first */
  readonly freed: readonly string[];
}

export const EMPTY_STATE: NetState = {
  registration: null,
  attachments: new Map(),
  freed: [],
};

export function attachmentKey(serviceName: string, instanceNumber: number): string {
  return `${serviceName}/${instanceNumber}`;
}

/** A copy of the map with one key set, or deleted when the value is null. */
export function withKey<V>(map: ReadonlyMap<string, V>, key: string, value: V | null): Map<string, V> {
  const copy = new Map(map);
  if (value === null) copy.delete(key);
  else copy.set(key, value);
  return copy;
}
