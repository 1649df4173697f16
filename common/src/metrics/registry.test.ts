import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Logger, silentLogger } from '../logger.ts';
import { MetricRegistry } from './registry.ts';
import { counter, gauge, histogram } from './table.ts';

const TABLE = {
  calls: counter('calls_total', 'Calls.', ['kind']),
  starts: counter('starts_total', 'Starts.'),
  doors: gauge('open_doors', 'Doors that are open.', ['house']),
  length: histogram('length_meters', 'How long.', [1, 5], ['kind']),
} as const;

/** Lines that are no comments. */
async function series(registry: MetricRegistry): Promise<string[]> {
  return (await registry.text()).split('\n').filter(line => line !== '' && !line.startsWith('#'));
}

describe('a registry', () => {
  test('says name, type, help and every series', async () => {
    const registry = new MetricRegistry(silentLogger);
    const { calls, starts, length } = registry.open(TABLE);
    calls.add(2, { kind: 'a"b' });
    starts.add(1);
    length.observe(3, { kind: 'x' });
    const text = await registry.text();
    assert.match(
      text,
      /^# HELP calls_total Calls\.\n# TYPE calls_total counter\ncalls_total\{kind="a\\"b"\} 2$/m,
    );
    assert.match(text, /^starts_total 1$/m);
    assert.match(text, /^length_meters_bucket\{le="1",kind="x"\} 0$/m);
    assert.match(text, /^length_meters_bucket\{le="5",kind="x"\} 1$/m);
    assert.match(text, /^length_meters_sum\{kind="x"\} 3$/m);
    assert.match(registry.contentType, /^text\/plain; version=0\.0\.4/);
  });

  test('a series that is not read any more is gone; what was counted stays', async () => {
    const registry = new MetricRegistry(silentLogger);
    const { calls, doors } = registry.open(TABLE);
    let houses = ['one', 'two'];
    registry.onScrape(() => {
      for (const house of houses) doors.set(1, { house });
    });
    calls.add(1, { kind: 'a' });
    const doorsOf = async () => (await series(registry)).filter(line => line.startsWith('open_doors'));
    assert.deepEqual(await doorsOf(), ['open_doors{house="one"} 1', 'open_doors{house="two"} 1']);
    houses = ['two'];
    assert.deepEqual(await doorsOf(), ['open_doors{house="two"} 1']);
    assert.ok((await series(registry)).includes('calls_total{kind="a"} 1'));
  });

  test('a counter that somebody else keeps is not added up', async () => {
    const registry = new MetricRegistry(silentLogger);
    const { calls } = registry.open(TABLE);
    registry.onScrape(() => calls.set(7, { kind: 'a' }));
    await registry.text();
    assert.ok((await series(registry)).includes('calls_total{kind="a"} 7'));
  });

  test('those who ask at the same time get the same page, read once', async () => {
    const registry = new MetricRegistry(silentLogger);
    let reads = 0;
    registry.onScrape(() => void reads++);
    const [one, two] = await Promise.all([registry.text(), registry.text()]);
    assert.equal(one, two);
    assert.equal(reads, 1);
    await registry.text();
    assert.equal(reads, 2);
  });

  test('a part that cannot be read is logged and costs the others nothing', async () => {
    const lines: object[] = [];
    const log: Logger = { ...silentLogger, warn: fields => void lines.push(fields) };
    const registry = new MetricRegistry(log);
    const { doors } = registry.open(TABLE);
    const stop = registry.onScrape(() => {
      throw new Error('no such file');
    });
    registry.onScrape(() => doors.set(3, { house: 'one' }));
    assert.ok((await series(registry)).includes('open_doors{house="one"} 3'));
    assert.deepEqual(lines, [{ error: 'no such file' }]);
    stop();
    await registry.text();
    assert.equal(lines.length, 1);
  });

  test('parts that open the same table share its metrics; labels of the process go with every series', async () => {
    const registry = new MetricRegistry(silentLogger);
    registry.label({ site: 'north' });
    registry.open(TABLE).starts.add(1);
    registry.open(TABLE).starts.add(1);
    assert.ok((await series(registry)).includes('starts_total{site="north"} 2'));
  });
});
