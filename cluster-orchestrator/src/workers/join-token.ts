import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newSecret } from '@hedgerow/common';

/** The join token of workers: `<data>/worker-token`. */
export function loadJoinToken(data: string): Promise<string> {
  return loadSecret(data, 'worker-token');
}

/** What workers' passwords at an outside broker are made of: `<data>/broker-key`. */
export function loadBrokerKey(data: string): Promise<string> {
  return loadSecret(data, 'broker-key');
}

/** Made at the first start, for this user alone. */
async function loadSecret(data: string, name: string): Promise<string> {
  const file = join(data, name);
  await mkdir(data, { recursive: true, mode: 0o700 });
  try {
    // wx: two processes that start at once agree on the token of the first
    await writeFile(file, `${newSecret()}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return (await readFile(file, 'utf8')).trim();
}
