/** A backup is read twice: to check all of it before anything is written, then to use it. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { HedgerowError, messageOf, STORE_ERRORS } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { type Counts, FORMAT, type Header, isHeader, isLine, isTrailer, type Line } from './format.ts';
import { type BackupRole, KEPT } from './roles.ts';

/** @throws FILE_UNREADABLE, BACKUP_DAMAGED, STORE_NEWER */
export async function checkBackup(file: string): Promise<Header & Counts> {
  const hash = createHash('sha256');
  const counts = { secrets: 0, documents: 0 };
  let header: Header | undefined;
  let [last, at]: [Buffer | undefined, number] = [undefined, 0];
  for await (const bytes of linesOf(file)) {
    if (last) {
      hash.update(last);
      at += 1;
      if (header) counts[kindOf(file, at, last, header.role)] += 1;
      else header = headerOf(file, last);
    }
    last = bytes;
  }
  if (!last) throw damaged(file, 'it is empty');
  header ??= headerOf(file, last);
  const trailer = parse(last);
  if (!isTrailer(trailer) || last.at(-1) !== NEWLINE) throw damaged(file, 'its end is missing');
  if (trailer.sha256 !== hash.digest('hex')) throw damaged(file, 'its checksum is wrong');
  return { ...header, ...counts };
}

/** The lines of a backup that was checked. */
export async function* readBackup(file: string): AsyncGenerator<Line> {
  for await (const bytes of linesOf(file)) {
    const line = parse(bytes);
    if (isLine(line)) yield line;
  }
}

function headerOf(file: string, bytes: Buffer): Header {
  const header = parse(bytes);
  if (!isHeader(header)) throw damaged(file, 'it does not begin as one');
  const known = header.format > FORMAT ? 0 : KEPT[header.role].schema;
  if (header.format <= FORMAT && header.schema <= known) return header;
  const message = `${file} was made by a newer version (${header.version}); restore it with that one`;
  throw new HedgerowError(STORE_ERRORS.STORE_NEWER, message);
}

/** Names become files and tables: only those that a backup can have. */
function kindOf(file: string, at: number, bytes: Buffer, role: BackupRole): keyof Counts {
  const line = parse(bytes);
  if (!isLine(line)) throw damaged(file, `line ${at} is neither a document nor a secret`);
  const isSecret = 'secret' in line;
  const isKnown = isSecret
    ? KEPT[role].secrets.includes(line.secret)
    : /^[A-Za-z_][A-Za-z0-9_]*$/.test(line.collection) && line.document.revision > 0;
  if (!isKnown) throw damaged(file, `line ${at} is nothing that a ${role} keeps`);
  return isSecret ? 'secrets' : 'documents';
}

function damaged(file: string, why: string): HedgerowError {
  return new HedgerowError(ERRORS.BACKUP_DAMAGED, `${file} is no whole backup: ${why}; nothing was changed`);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    return undefined;
  }
}

const NEWLINE = 0x0a;

/** Lines end with a newline and nothing else: JSON may hold other characters that end lines elsewhere. */
async function* linesOf(file: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      let begin = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, begin)) {
        yield Buffer.concat([...rest, chunk.subarray(begin, end + 1)]);
        rest = [];
        begin = end + 1;
      }
      if (begin < chunk.length) rest.push(chunk.subarray(begin));
    }
  } catch (cause) {
    if (cause instanceof HedgerowError) throw cause;
    throw new HedgerowError(ERRORS.FILE_UNREADABLE, `${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}
