import { execFile } from 'node:child_process';
import { open, realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import { HedgerowError, messageOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

const run = promisify(execFile);
const PT_INTERP = 3;

/**
 * Checks that the shim is a busybox that works inside of any image: statically linked, with a shell whose `exec` sets
 * the program's name (busybox 1.28 or later).
 * @returns its real path: a bind mount of a link would be a link to nowhere
 * @throws SHIM_UNUSABLE saying what to install
 */
export async function checkShim(path: string): Promise<string> {
  try {
    const real = await realpath(path);
    if (await isDynamic(real)) throw new Error('it is linked dynamically, and images have other libraries');
    await run(real, ['sh', '-c', 'exec -a busybox "$0" true', real]);
    return real;
  } catch (cause) {
    const message = `${path} cannot hold programs: ${messageOf(cause)}; install busybox-static or name another with --shim`;
    throw new HedgerowError(ERRORS.SHIM_UNUSABLE, message, { cause });
  }
}

/** A dynamic ELF program names its loader in a PT_INTERP header. Offsets: elf(5), little endian, 64 and 32 bit. */
async function isDynamic(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(4096);
    await file.read(head, 0, head.length, 0);
    if (head.toString('latin1', 0, 4) !== '\x7fELF') throw new Error('it is not an ELF program');
    const wide = head[4] === 2;
    const start = wide ? Number(head.readBigUInt64LE(32)) : head.readUInt32LE(28);
    const [size, count] = wide
      ? [head.readUInt16LE(54), head.readUInt16LE(56)]
      : [head.readUInt16LE(42), head.readUInt16LE(44)];
    const headers = Array.from({ length: count }, (_, i) => start + i * size);
    return headers.some(at => at + 4 <= head.length && head.readUInt32LE(at) === PT_INTERP);
  } finally {
    await file.close();
  }
}
