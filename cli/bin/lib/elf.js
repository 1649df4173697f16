import { closeSync, openSync, readSync } from 'node:fs';

const PT_INTERP = 3;

/** True for a 64-bit little-endian ELF program without an interpreter, which runs in any container. */
export function isStatic(file) {
  const head = read(file, 4096);
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46) return false;
  const offset = Number(head.readBigUInt64LE(32));
  const size = head.readUInt16LE(54);
  const count = head.readUInt16LE(56);
  for (let index = 0; index < count; index++) {
    const at = offset + index * size;
    if (at + 4 > head.length) return false;
    if (head.readUInt32LE(at) === PT_INTERP) return false;
  }
  return true;
}

function read(file, length) {
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, length, 0));
  } finally {
    closeSync(descriptor);
  }
}
