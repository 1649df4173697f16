/** Secrets made at first start, in the data directory, readable by this user alone. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newSecret } from '@hedgerow/common';

export interface SigningKeys {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** RSA 2048 for RS256, as Oakestra's tokens are signed. */
export async function openSigningKeys(data: string): Promise<SigningKeys> {
  const pem = await openSecret(join(data, 'jwt-private.pem'), newPrivateKey);
  const privateKey = createPrivateKey(pem);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** What a cluster shows to join. */
export function openClusterToken(data: string): Promise<string> {
  return openSecret(join(data, 'cluster-token'), async () => newSecret());
}

/** Written whole or not at all: under another name first, then linked, which also settles a race of two starts. */
async function openSecret(path: string, make: () => Promise<string>): Promise<string> {
  const known = await readSecret(path);
  if (known !== null) return known;
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${(await make()).trim()}\n`, { mode: 0o600, flush: true });
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft);
  return (await readSecret(path)) as string;
}

async function readSecret(path: string): Promise<string | null> {
  try {
    const text = (await readFile(path, 'utf8')).trim();
    await chmod(path, 0o600);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function newPrivateKey(): Promise<string> {
  return new Promise((resolve, reject) => {
    generateKeyPair('rsa', { modulusLength: 2048 }, (error, _public, key) =>
      error ? reject(error) : resolve(key.export({ type: 'pkcs8', format: 'pem' }).toString()),
    );
  });
}
