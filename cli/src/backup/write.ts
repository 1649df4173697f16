import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { HedgerowError, messageOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { Counts, Header, Line } from './format.ts';

/** characters that are collected before they are written */
const CHUNK = 2 ** 18;

/**
 * Whole or not at all, and for this user alone: it holds keys and password hashes.
 * @throws FILE_UNWRITABLE
 */
export async function writeBackup(file: string, header: Header, lines: AsyncIterable<Line>): Promise<Counts> {
  const draft = `${file}.${process.pid}.part`;
  const handle = await translated(file, () => open(draft, 'wx', 0o600));
  try {
    const counts = await writeLines(file, handle, header, lines);
    await translated(file, () => handle.sync());
    await handle.close();
    await translated(file, () => rename(draft, file));
    return counts;
  } catch (error) {
    await handle.close().catch(() => {}); // the first error is the one to tell
    await rm(draft, { force: true });
    throw error;
  }
}

async function writeLines(
  file: string,
  handle: FileHandle,
  header: Header,
  lines: AsyncIterable<Line>,
): Promise<Counts> {
  const hash = createHash('sha256');
  const counts = { secrets: 0, documents: 0 };
  let chunk = '';
  const flush = async (): Promise<void> => {
    hash.update(chunk);
    await translated(file, () => handle.writeFile(chunk));
    chunk = '';
  };
  chunk += `${JSON.stringify(header)}\n`;
  for await (const line of lines) {
    counts['secret' in line ? 'secrets' : 'documents'] += 1;
    chunk += `${JSON.stringify(line)}\n`;
    if (chunk.length > CHUNK) await flush();
  }
  await flush();
  chunk = `${JSON.stringify({ ...counts, sha256: hash.copy().digest('hex') })}\n`;
  await flush();
  return counts;
}

async function translated<R>(file: string, action: () => Promise<R>): Promise<R> {
  try {
    return await action();
  } catch (cause) {
    throw new HedgerowError(ERRORS.FILE_UNWRITABLE, `${file} cannot be written: ${messageOf(cause)}`, {
      cause,
    });
  }
}
