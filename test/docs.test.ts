import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { DOWN, UP } from '@hedgerow/protos';
import { errorsOf, readPage, renderAll, repository, rowsOf, sectionOf } from './docs.ts';

const remedy = 'write it anew: node scripts/with-node.mjs test/docs.ts --write';

for (const [page, section] of Object.entries(await renderAll()))
  test(`${page} says what the code says`, () => assert.equal(sectionOf(page), section, remedy));

describe('docs/errors.md has every code with its HTTP status and whether it may be tried again', async () => {
  const parts = readPage('docs/errors.md').split(/^## /m).slice(1);
  const documented = new Map(parts.map(part => [part.split('\n')[0]?.trim() ?? '', rowsOf(part).slice(1)]));
  const files = [
    ...globSync('*/src/errors.ts', { cwd: repository }).filter(file => !file.startsWith('common/')),
    ...['store/store', 'listen', 'config'].map(name => `common/src/${name}.ts`),
  ];
  for (const file of files) {
    const kinds = Object.values(await errorsOf(file));
    test(file, () => {
      const rows = documented.get(`\`${file}\``) ?? [];
      const inPage = rows.map(([code, http, again]) => `${code} ${http} ${again}`).sort();
      const inCode = kinds.map(kind => `${kind.code} ${kind.http} ${kind.retryable ? 'yes' : 'no'}`).sort();
      assert.deepEqual(inPage, inCode);
      for (const row of rows) assert.ok((row[3] ?? '').length > 10, `${row[0]} has a meaning`);
    });
  }
  test('and no table of a file that is gone', () => {
    assert.deepEqual([...documented.keys()].sort(), files.map(file => `\`${file}\``).sort());
  });
});

test('docs/mqtt-topics.md has every topic', () => {
  const documented = rowsOf(readPage('docs/mqtt-topics.md'))
    .map(([topic = '']) => topic)
    .filter(topic => topic.startsWith('nodes/'));
  const topics = [...Object.values(UP), ...Object.values(DOWN)].map(leaf => `nodes/<id>/${leaf}`);
  assert.deepEqual(documented.sort(), topics.sort());
});

const pages = globSync(['*.md', '*/README.md', 'docs/**/*.md'], {
  cwd: repository,
  exclude: ['node_modules'],
});

for (const page of pages)
  test(`the links of ${page} lead somewhere`, () => {
    const targets = [...readPage(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(
      ([, target = '']) => target,
    );
    const broken = targets.filter(target => !existsSync(join(repository, dirname(page), target)));
    assert.deepEqual(broken, []);
  });
