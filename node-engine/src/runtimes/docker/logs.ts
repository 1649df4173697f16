/** Longest text that goes into a status report. */
const LONGEST = 4096;
const HEADER = 8;

/**
 * Takes apart Docker's multiplexed log stream: frames of a header (stream, 3 zero bytes, length, big endian) and text.
 * @returns the text, its last 4096 characters
 */
export function demultiplex(stream: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + HEADER <= stream.length; ) {
    const length = stream.readUInt32BE(at + 4);
    parts.push(stream.subarray(at + HEADER, at + HEADER + length));
    at += HEADER + length;
  }
  return Buffer.concat(parts).toString().trimEnd().slice(-LONGEST);
}
