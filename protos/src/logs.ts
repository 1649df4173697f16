/** What every tier has to agree on about logs: the fields of our own log lines, and the bounds of an instance's output. */
import type { InstanceRef } from './link.ts';

/** In every line about an instance, at every tier, so that one `grep` tells its story. */
export interface InstanceFields {
  /** of the API request that the line follows from */
  request_id: string;
  /** `<service id>/<instance number>` */
  instance: string;
}

export function aboutInstance(of: InstanceRef & { request_id: string }): InstanceFields {
  return { request_id: of.request_id, instance: `${of.service_id}/${of.instance_number}` };
}

/** Lines that `tail` may ask for. */
export const MOST_TAIL = 10_000;
/** Bytes of a line that are kept; Docker's own log splits lines at the same length. */
export const LINE_BYTES = 16_384;
/** Bytes of a chunk's lines as JSON text, unless one line alone is longer. */
export const CHUNK_BYTES = 16_384;

/** ms between two requests for a stream while somebody reads */
export const REPEAT_LOGS_EVERY = 10_000;
/** ms after the last request until a cluster and a worker stop by themselves: two may be lost */
export const LOGS_FORGOTTEN_AFTER = 30_000;

/** A line of ours among those of an instance begins like this. */
export const NOTICE = '… ';

export function lostNotice(lost: number): string {
  return `${NOTICE}${lost} ${lost === 1 ? 'line' : 'lines'} lost`;
}

/** The last line of a stream that did not end with the output. */
export const ENDED = `${NOTICE}ended: `;

export function endedNotice(why: string): string {
  return ENDED + why;
}
