/** Every metric of every process, as a table: the conventions that `promtool check metrics` and our pages rely on. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { metricSections } from './docs.ts';

const sections = Object.entries(await metricSections());

test('no two metrics have the same name', () => {
  const names = sections.flatMap(([, metrics]) => Object.values(metrics).map(({ name }) => name));
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
});

for (const [title, metrics] of sections)
  describe(title, () => {
    for (const { name, type, help, labels, buckets } of Object.values(metrics))
      test(name, () => {
        assert.match(name, /^(hedgerow|process|nodejs)_[a-z_]+$/);
        assert.equal(name.endsWith('_total'), type === 'counter', 'what only grows ends with _total');
        assert.doesNotMatch(
          name,
          /_(count|sum|bucket|info)$|milli|percent|_ms|_mb/,
          'base units, no reserved ends',
        );
        assert.match(help, /^[^\s].*\.$/, 'help is a sentence');
        for (const label of labels) assert.match(label, /^[a-z_]+$/);
        assert.ok(!(labels as readonly string[]).includes('instance'), 'Prometheus has a label of this name');
        assert.deepEqual(
          [...buckets].sort((a, b) => a - b),
          buckets,
        );
        assert.equal(buckets.length > 0, type === 'histogram');
      });
  });
