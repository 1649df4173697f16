/**
 * What is read of one connection: packets of a sane size, and of a worker only so many in a while. Who sends more is not
 * read for a moment, so that it waits at its own end and the others are heard; nothing of it is lost.
 */
import type { Socket } from 'node:net';
import type { Clock } from '@hedgerow/common';
import { Credit, LARGEST } from './credit.ts';

export interface IntakeOptions {
  clock: Clock;
  /** The connection is read more slowly than it sends. */
  slowed(): void;
}

/** Bytes of a packet before its sender is known: a CONNECT with a Last Will. */
const LARGEST_OF_STRANGER = 16 * 1024;
/** Bytes of the length of a packet, at most. */
const LONGEST_LENGTH = 4;

/** MQTT's fixed header: one byte, then the length of the rest in 7 bits per byte, the lowest first. */
class Packets {
  /** bytes until the next packet */
  #left = 0;
  #length = 0;
  /** bytes of the header so far */
  #header = 0;
  #largest = LARGEST_OF_STRANGER;

  known(): void {
    this.#largest = LARGEST;
  }

  /** @returns how many packets began in this chunk; null when one is too large or none at all */
  count(chunk: Buffer): number | null {
    let begun = 0;
    for (let at = 0; at < chunk.length; ) {
      const skipped = Math.min(this.#left, chunk.length - at);
      at += skipped;
      this.#left -= skipped;
      if (at >= chunk.length) break;
      if (this.#header === 0) begun += 1;
      if (!this.#take(chunk[at] ?? 0)) return null;
      at += 1;
    }
    return begun;
  }

  #take(byte: number): boolean {
    if (this.#header === 0) this.#length = 0;
    else this.#length += (byte & 0x7f) * 2 ** (7 * (this.#header - 1));
    const ended = this.#header > 0 && byte < 0x80;
    this.#header = ended ? 0 : this.#header + 1;
    if (ended) this.#left = this.#length;
    return this.#length <= this.#largest && this.#header <= LONGEST_LENGTH;
  }
}

export class Intake {
  readonly #socket: Socket;
  readonly #options: IntakeOptions;
  readonly #packets = new Packets();
  readonly #read: Socket['read'];
  #known = false;
  readonly #credit: Credit;
  #waiting: (() => void) | null = null;

  /** From here on, who reads the socket reads through this. */
  constructor(socket: Socket, options: IntakeOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#credit = new Credit(options.clock);
    this.#read = socket.read.bind(socket);
    socket.read = (size?: number) => this.#next(size);
    socket.once('close', () => this.#waiting?.());
  }

  /** It has said who it is, and that is true. */
  known(): void {
    this.#known = true;
    this.#packets.known();
  }

  #next(size?: number): Buffer | null {
    if (this.#waiting) return null;
    const chunk: Buffer | null = this.#read(size);
    if (chunk === null) return null;
    const packets = this.#packets.count(chunk);
    if (packets === null) {
      const largest = this.#known ? LARGEST : LARGEST_OF_STRANGER;
      this.#socket.destroy(new Error(`a packet is larger than ${largest} bytes, or none of MQTT`));
      return null;
    }
    this.#waitFor(this.#credit.pay(packets, chunk.length));
    return chunk;
  }

  #waitFor(ms: number): void {
    if (ms === 0) return;
    this.#options.slowed();
    this.#waiting = this.#options.clock.after(ms, () => {
      this.#waiting = null;
      this.#socket.emit('readable');
    });
  }
}
