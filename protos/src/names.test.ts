import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isClusterName, isJobName } from './names.ts';

test('a job name is four names', () => {
  const long = 'a'.repeat(30);
  for (const good of ['shop.dev.web.dev', `${long}.1.B.${long}`]) assert.ok(isJobName(good), good);
  const bad = [
    '',
    'shop.dev.web',
    'shop.dev.web.dev.x',
    'shop..web.dev',
    'sh-op.dev.web.dev',
    `${long}a.a.a.a`,
  ];
  for (const text of [...bad, 'shop.dev.web.dev\n']) assert.ok(!isJobName(text), text);
});

test('a cluster name can be a file and a host name', () => {
  for (const good of ['a', 'Site-1.lab_2', 'a'.repeat(63)]) assert.ok(isClusterName(good), good);
  for (const bad of ['', '-a', '.', 'a b', 'a/b', 'a'.repeat(64)]) assert.ok(!isClusterName(bad), bad);
});
