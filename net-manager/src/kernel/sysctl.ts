/** Kernel settings of this network namespace, written through /proc/sys; the first value found is remembered. */
import { readFile, writeFile } from 'node:fs/promises';
import { HedgerowError, messageOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

/** Forwarding between links, tunnel and the outside. */
export const WANTED: Readonly<Record<string, string>> = { 'net/ipv4/ip_forward': '1' };

export async function readSysctl(name: string): Promise<string> {
  return (await translated(() => readFile(`/proc/sys/${name}`, 'utf8'))).trim();
}

export function writeSysctl(name: string, value: string): Promise<void> {
  return translated(() => writeFile(`/proc/sys/${name}`, value));
}

async function translated<R>(action: () => Promise<R>): Promise<R> {
  try {
    return await action();
  } catch (error) {
    throw new HedgerowError(ERRORS.KERNEL_REFUSED, messageOf(error), { cause: error });
  }
}
