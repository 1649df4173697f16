/**
 * Secrets made at first start: in the data directory, readable by this user alone, or, where several roots share a
 * store and honour each other's tokens, in the store.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { chmod, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Collection, type Document, isErrorOf, newSecret, STORE_ERRORS } from '@hedgerow/common';

export interface SigningKeys {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

/** `id` is its name. */
export interface Secret extends Document {
  value: string;
}

/** The secret of this name, made when there is none; the first one to be kept is everybody's. */
export type Secrets = (name: string, make: () => Promise<string>) => Promise<string>;

const CLUSTER_TOKEN = 'cluster-token';

export function secretFiles(data: string): Secrets {
  return (name, make) => openFile(join(data, name), make);
}

export function storedSecrets(collection: Collection<Secret>): Secrets {
  return async (name, make) => {
    const known = await collection.get(name);
    if (known) return known.value;
    try {
      return (await collection.insert({ id: name, value: (await make()).trim() })).value;
    } catch (error) {
      if (!isErrorOf(error, STORE_ERRORS.STORE_DUPLICATE)) throw error;
      return storedSecrets(collection)(name, make);
    }
  };
}

/** RSA 2048 for RS256, as Oakestra's tokens are signed. */
export async function openSigningKeys(secrets: Secrets): Promise<SigningKeys> {
  const pem = await secrets('jwt-private.pem', newPrivateKey);
  const privateKey = createPrivateKey(pem);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** What a cluster shows to join. */
export function openClusterToken(secrets: Secrets): Promise<string> {
  return secrets(CLUSTER_TOKEN, async () => newSecret());
}

/** Where `hedge token cluster` looks, also when the token itself is in the store. */
export async function copyClusterToken(data: string, token: string): Promise<void> {
  const path = join(data, CLUSTER_TOKEN);
  if ((await readSecret(path)) === token) return;
  await rename(await writeDraft(path, token), path);
}

/** Written whole or not at all: under another name first, then linked, which also settles a race of two starts. */
async function openFile(path: string, make: () => Promise<string>): Promise<string> {
  const known = await readSecret(path);
  if (known !== null) return known;
  const draft = await writeDraft(path, (await make()).trim());
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft);
  return (await readSecret(path)) as string;
}

async function writeDraft(path: string, secret: string): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${secret}\n`, { mode: 0o600, flush: true });
  return draft;
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
