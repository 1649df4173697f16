import { createHash } from 'node:crypto';
import type { Counts, Header, Line } from './format.ts';
import type { Sink } from './sink.ts';

/** characters that are collected before they are written */
const CHUNK = 2 ** 18;

/** @throws FILE_UNWRITABLE */
export async function writeBackup(sink: Sink, header: Header, lines: AsyncIterable<Line>): Promise<Counts> {
  try {
    const counts = await writeLines(sink, header, lines);
    await sink.keep();
    return counts;
  } catch (error) {
    await sink.drop();
    throw error;
  }
}

async function writeLines(sink: Sink, header: Header, lines: AsyncIterable<Line>): Promise<Counts> {
  const hash = createHash('sha256');
  const counts = { secrets: 0, documents: 0 };
  let chunk = '';
  const flush = async (): Promise<void> => {
    hash.update(chunk);
    await sink.write(chunk);
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
