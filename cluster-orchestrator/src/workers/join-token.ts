import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newSecret } from '@hedgerow/common';

/** The join token of workers, made at the first start: `<data>/worker-token`, for this user alone. */
export async function loadJoinToken(data: string): Promise<string> {
  const file = join(data, 'worker-token');
  await mkdir(data, { recursive: true, mode: 0o700 });
  try {
    // wx: two processes that start at once agree on the token of the first
    await writeFile(file, `${newSecret()}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return (await readFile(file, 'utf8')).trim();
}
