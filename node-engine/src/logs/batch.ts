import { CHUNK_BYTES, type LogChunk } from '@hedgerow/protos';

/** The lines of one stream that wait for their turn: never more than one chunk. */
export class Batch {
  #lines: string[] = [];
  #bytes = 0;
  #lostBefore = 0;
  #lostAfter = 0;

  get empty(): boolean {
    return this.#lines.length === 0 && this.#lostBefore === 0;
  }

  /** One line alone has room, however long it is. */
  hasRoomFor(text: string): boolean {
    return this.#lines.length === 0 || this.#bytes + sizeOf(text) <= CHUNK_BYTES;
  }

  add(text: string): void {
    this.#lines.push(text);
    this.#bytes += sizeOf(text);
  }

  /** A line that came after these was left out. */
  lose(): void {
    this.#lostAfter += 1;
  }

  /** Lines that were taken before did not arrive. */
  loseTaken(count: number): void {
    this.#lostBefore += count;
  }

  /** All lines, and begins anew. */
  take(): Pick<LogChunk, 'lines' | 'lost'> {
    const taken = { lines: this.#lines, lost: this.#lostBefore };
    this.#lines = [];
    this.#bytes = 0;
    this.#lostBefore = this.#lostAfter;
    this.#lostAfter = 0;
    return taken;
  }
}

/** As JSON text, with its comma. */
function sizeOf(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) + 1;
}
