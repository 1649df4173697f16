import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';

/** One record of a container's log. */
export interface Frame {
  /** 1 = standard output, 2 = standard error */
  source: number;
  bytes: Buffer;
}

const HEADER = 8;
/** Docker's records have at most 16 KiB and a time. */
const LONGEST = 1024 * 1024;

/** Takes apart Docker's multiplexed stream: frames of a header (source, 3 zero bytes, length, big endian) and a record. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws RUNTIME_FAILED when it is no such stream */
  *take(piece: Buffer): Generator<Frame> {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let at = 0;
    while (at + HEADER <= bytes.length) {
      const length = bytes.readUInt32BE(at + 4);
      if (length > LONGEST) throw new HedgerowError(ERRORS.RUNTIME_FAILED, `a log record of ${length} bytes`);
      const end = at + HEADER + length;
      if (end > bytes.length) break;
      yield { source: bytes[at] ?? 0, bytes: bytes.subarray(at + HEADER, end) };
      at = end;
    }
    this.#rest = Buffer.from(bytes.subarray(at));
  }
}
