import { readFileSync } from 'node:fs';
import { HedgerowError, messageOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { Context } from './context.ts';

/** @param file - reads standard input. @throws FILE_UNREADABLE, also when it is not JSON */
export async function readSla({ io }: Context, file: string): Promise<unknown> {
  let text: string;
  try {
    text = file === '-' ? await io.read() : readFileSync(file, 'utf8');
  } catch (cause) {
    throw new HedgerowError(ERRORS.FILE_UNREADABLE, messageOf(cause), { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HedgerowError(ERRORS.FILE_UNREADABLE, `${file} is not JSON: ${messageOf(cause)}`, { cause });
  }
}
