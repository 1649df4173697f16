import { LINE_BYTES } from '@hedgerow/protos';

/** A line that a program printed. */
export interface LogLine {
  /** RFC 3339 in UTC with nine digits after the second, so that times compare as text; "" for a line of ours */
  at: string;
  /** without its end; valid text, whatever was printed */
  text: string;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * Cuts what one stream prints into lines. What comes without an end is kept until the rest is there, of a line that is
 * longer than LINE_BYTES only so much and the number of bytes beyond.
 */
export class Lines {
  readonly #parts: Buffer[] = [];
  #at = '';
  #kept = 0;
  #beyond = 0;
  #begun = false;

  /** @param at when it was printed; counts for the lines that begin in it */
  *add(bytes: Buffer, at: string): Generator<LogLine> {
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      this.#keep(bytes.subarray(from, end), at);
      yield this.#take();
      from = end + 1;
    }
    if (from < bytes.length) this.#keep(bytes.subarray(from), at);
  }

  /** The stream has ended: what is left is a line, too. */
  *end(): Generator<LogLine> {
    if (this.#begun) yield this.#take();
  }

  #keep(bytes: Buffer, at: string): void {
    if (!this.#begun) this.#at = at;
    this.#begun = true;
    const room = bytes.subarray(0, LINE_BYTES - this.#kept);
    // copied: a part of a large piece would keep all of it
    if (room.length > 0) this.#parts.push(Buffer.from(room));
    this.#kept += room.length;
    this.#beyond += bytes.length - room.length;
  }

  #take(): LogLine {
    const line = { at: this.#at, text: textOf(Buffer.concat(this.#parts), this.#beyond) };
    this.#parts.length = 0;
    this.#kept = 0;
    this.#beyond = 0;
    this.#begun = false;
    return line;
  }
}

/** All control characters but the tab, the carriage return of progress bars and the escape of colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /[\u0000-\u0008\u000a-\u000c\u000e-\u001a\u001c-\u001f\u007f-\u009f]/g;

/** Bytes that are no UTF-8, and control characters, become U+FFFD. */
function textOf(bytes: Buffer, beyond: number): string {
  const whole = beyond > 0 ? bytes.subarray(0, lastBoundary(bytes)) : withoutReturn(bytes);
  const text = whole.toString('utf8').replace(UNSAFE, '\ufffd');
  return beyond > 0 ? `${text} … (${beyond + bytes.length - whole.length} bytes more)` : text;
}

/** A terminal ends its lines with both. */
function withoutReturn(bytes: Buffer): Buffer {
  return bytes.at(-1) === RETURN ? bytes.subarray(0, -1) : bytes;
}

/** Where the last character begins that may be cut in two. */
function lastBoundary(bytes: Buffer): number {
  let at = bytes.length - 1;
  while (at > bytes.length - 4 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at -= 1;
  return (bytes[at] ?? 0) >= 0xc0 ? at : bytes.length;
}
