import { digestLines } from '../digest.ts';

/**
 * The heartbeat: 8 bytes, big endian: a hash of everything that the worker has (4), a counter (4).
 * A cluster that computes another hash from what it believes asks for a `sync`.
 */
export interface Beat {
  hash: number;
  count: number;
}

/** What of an instance the hash covers. */
export interface BeatInstance {
  service_id: string;
  instance_number: number;
  generation: number;
  epoch: number;
  status: string;
}

export function encodeBeat(beat: Beat): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(beat.hash >>> 0, 0);
  bytes.writeUInt32BE(beat.count >>> 0, 4);
  return bytes;
}

export function decodeBeat(bytes: Buffer): Beat | null {
  if (bytes.length !== 8) return null;
  return { hash: bytes.readUInt32BE(0), count: bytes.readUInt32BE(4) };
}

/** Equal sets give equal hashes in any order; see `digest.ts`. */
export function hashInstances(instances: Iterable<BeatInstance>): number {
  const lines = [...instances].map(
    i => `${i.service_id}/${i.instance_number}:${i.generation}:${i.epoch}:${i.status}`,
  );
  return digestLines(lines);
}
