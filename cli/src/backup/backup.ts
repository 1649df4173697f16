import type { Archived } from '@hedgerow/common';
import type { Io } from '../output/io.ts';
import { type Counts, FORMAT, type Header, type Line } from './format.ts';
import { openPlace, type PlaceOptions } from './place.ts';
import { checkBackup, readBackup } from './read.ts';
import type { BackupRole } from './roles.ts';
import { openSink } from './sink.ts';
import { writeBackup } from './write.ts';

export interface Done extends Header, Counts {
  /** the store */
  place: string;
}

export interface Written extends Done {
  /** for people */
  target: string;
}

/** @param target path, or `-`. @param about of the program, and the time: ISO 8601 */
export async function backup(
  target: string,
  from: PlaceOptions,
  about: { version: string; made: string },
  io: Pick<Io, 'out' | 'gone'>,
): Promise<Written> {
  const place = await openPlace(from);
  try {
    const header: Header = {
      ...{ hedgerow: 'backup', format: FORMAT, role: from.role, schema: await place.schema() },
      ...about,
    };
    const sink = await openSink(target, io);
    const counts = await writeBackup(sink, header, place.lines());
    return { ...header, ...counts, place: place.name, target: sink.name };
  } finally {
    await place.close();
  }
}

/**
 * Into the store of the role that the backup is of, of whichever kind.
 * @throws FILE_UNREADABLE, BACKUP_DAMAGED, STORE_NEWER, STORE_IN_USE, STORE_NOT_EMPTY: before anything is changed
 */
export async function restore(file: string, into: Omit<PlaceOptions, 'role'>, force: boolean): Promise<Done> {
  const contents = await checkBackup(file);
  const place = await openPlace({ ...into, role: contents.role });
  try {
    await place.checkFree(force);
    await place.load(prepared(contents.role, readBackup(file)));
    return { ...contents, place: place.name };
  } finally {
    await place.close();
  }
}

async function* prepared(role: BackupRole, lines: AsyncIterable<Line>): AsyncGenerator<Line> {
  for await (const line of lines) {
    const collection = role === 'root' && 'collection' in line ? line.collection : '';
    if (collection === 'leases') yield released(line as Archived);
    else if (collection === 'services') yield raised(line as Archived);
    else yield line;
  }
}

/** ms since the epoch; generations are numbers that people see, so they count from a day that is not long ago */
const EPOCH = Date.UTC(2026, 0, 1);

/**
 * A service that was updated since the backup has given away generations that are not in it: workers would take a new one for
 * an old one. The time is beyond all of them, since no service is updated every second, and beyond those after an earlier
 * restore.
 */
function raised(line: Archived): Archived {
  const generation_floor = Math.max(0, Math.floor((Date.now() - EPOCH) / 1000));
  return { ...line, document: { ...line.document, generation_floor } as Archived['document'] };
}

/** Whoever held it then does not now. Its epoch stays, because the next one must be higher. */
function released(line: Archived): Archived {
  return { ...line, document: { ...line.document, root_id: '' } as Archived['document'] };
}
