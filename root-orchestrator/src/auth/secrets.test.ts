import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSqlite } from '@hedgerow/common';
import { openCollections } from '../collections.ts';
import { copyClusterToken, openClusterToken, openSigningKeys, storedSecrets } from './secrets.ts';

test('roots that start together over one store have the same keys and the same join token', async () => {
  const { secrets } = openCollections(openSqlite({ file: ':memory:', durability: 'normal' }));
  const roots = [storedSecrets(secrets), storedSecrets(secrets), storedSecrets(secrets)];
  const tokens = await Promise.all(roots.map(openClusterToken));
  assert.equal(new Set(tokens).size, 1);
  assert.match(tokens[0] ?? '', /^[0-9a-f]{64}$/);
  const keys = await Promise.all(roots.map(openSigningKeys));
  const pems = keys.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' }));
  assert.equal(new Set(pems).size, 1);
  assert.deepEqual(
    (await secrets.find()).map(({ id }) => id),
    ['cluster-token', 'jwt-private.pem'],
  );
});

test('the join token is copied to where it is looked for, for this user alone, and replaced when it is another', async () => {
  const data = await mkdtemp(join(tmpdir(), 'hedgerow-secrets-'));
  const file = join(data, 'new', 'cluster-token');
  for (const token of ['one', 'two', 'two']) await copyClusterToken(join(data, 'new'), token);
  assert.equal(await readFile(file, 'utf8'), 'two\n');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  await rm(data, { recursive: true });
});
