/** What the kernel knows of a TCP connection: whether the other end has acknowledged what was sent. */
import { readFile } from 'node:fs/promises';
import type { Ends } from '../mqtt/session.ts';

export interface Line {
  /** bytes that were sent and not acknowledged */
  unacknowledged: number;
  /** how often they were sent again since, each time after twice the wait */
  repeated: number;
}

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
const ESTABLISHED = '01';

/** @returns null when the kernel does not know it, or does not tell */
export async function lineOf(ends: Ends, tables: readonly string[] = TABLES): Promise<Line | null> {
  for (const table of tables) {
    const line = findLine(await readFile(table, 'latin1').catch(() => ''), ends);
    if (line) return line;
  }
  return null;
}

/**
 * @param table as in proc(5): number, local and remote `address:port`, state, `unacknowledged:unread`, `timer:when`,
 * retransmissions; all in hexadecimal
 */
export function findLine(table: string, { local, remote }: Ends): Line | null {
  const [from, to] = [portOf(local), portOf(remote)];
  for (const row of table.split('\n')) {
    // most rows are others': a look is cheaper than taking them apart
    if (!row.includes(from)) continue;
    const [, here, there, state, queues = '', , repeated = ''] = row.trim().split(/\s+/);
    if (!here?.endsWith(from) || !there?.endsWith(to) || state !== ESTABLISHED) continue;
    return {
      unacknowledged: Number.parseInt(queues, 16) || 0,
      repeated: Number.parseInt(repeated, 16) || 0,
    };
  }
  return null;
}

function portOf(port: number): string {
  return `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
}
