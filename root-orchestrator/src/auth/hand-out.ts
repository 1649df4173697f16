import { readFile, rename, writeFile } from 'node:fs/promises';
import { badSetting } from '@hedgerow/common';

/**
 * Writes a secret to a file that another process of the same user or group reads, whole or not at all. A file that has
 * it needs no room.
 * @throws BAD_CONFIG when the file cannot be written
 */
export async function handOut(secret: string, file: string): Promise<void> {
  const draft = `${file}.${process.pid}`;
  const text = `${secret}\n`;
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return;
  try {
    await writeFile(draft, text, { mode: 0o640 });
    await rename(draft, file);
  } catch (cause) {
    throw badSetting('CLUSTER_TOKEN_FILE', file, 'a file in a folder that this user may write to', cause);
  }
}
