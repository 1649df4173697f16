import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exec } from '../system/exec.ts';
import { tar } from './tar.ts';

test('GNU tar reads folders, files and links with their modes', async () => {
  const archive = tar([
    { name: 'tmp', type: 'folder', mode: 0o1777 },
    { name: 'bin/tool', type: 'file', mode: 0o755, content: 'x'.repeat(513) },
    { name: 'bin/other', type: 'link', target: 'tool' },
  ]);
  const listing = await exec('sh', ['-c', 'base64 -d | tar -tvf -'], archive.toString('base64'));
  const lines = listing.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^drwxrwxrwt .* tmp\/?$/);
  assert.match(lines[1] ?? '', /^-rwxr-xr-x .* 513 .* bin\/tool$/);
  assert.match(lines[2] ?? '', /^lrwxrwxrwx .* bin\/other -> tool$/);
  assert.equal(lines.length, 3);
});

test('the same content gives the same bytes', () => {
  const make = () => tar([{ name: 'a', type: 'file', mode: 0o644, content: 'b' }]);
  assert.ok(make().equals(make()));
});

test('a name that does not fit is refused, not cut', () => {
  assert.throws(() => tar([{ name: 'n'.repeat(101), type: 'folder', mode: 0o755 }]), RangeError);
});
