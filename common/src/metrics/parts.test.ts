import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { HedgerowError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import { openSqlite } from '../store/sqlite.ts';
import { type Document, STORE_ERRORS, type Store } from '../store/store.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { meterLoop } from './loops.ts';
import { linkMeter } from './messages.ts';
import { meterProcess } from './process.ts';
import { answers, readiness } from './readiness.ts';
import { MetricRegistry } from './registry.ts';
import { meteredStore } from './store.ts';

/** The value of a series, as text. */
async function value(registry: MetricRegistry, series: string): Promise<string | undefined> {
  const line = (await registry.text()).split('\n').find(text => text.startsWith(`${series} `));
  return line?.slice(series.length + 1);
}

interface Thing extends Document {
  colour: string;
}

describe('a metered store', () => {
  test('does what the store does, and counts operations and conflicts apart from failures', async () => {
    const registry = new MetricRegistry(silentLogger);
    const store = meteredStore(openSqlite({ file: ':memory:', durability: 'normal' }), registry);
    const things = store.collection<Thing>('things', ['colour']);
    const red = await things.insert({ id: 'a', colour: 'red' });
    await assert.rejects(things.insert({ id: 'a', colour: 'blue' }), { code: 'STORE_DUPLICATE' });
    await assert.rejects(things.replace(red, 5), { code: 'STORE_STALE' });
    assert.deepEqual(await things.find({ colour: 'red' }, { limit: 1 }), [red]);
    assert.equal(await things.remove('a'), true);
    const operations = 'hedgerow_store_operations_total{collection="things",operation=';
    assert.equal(await value(registry, `${operations}"insert"}`), '2');
    assert.equal(await value(registry, `${operations}"find"}`), '1');
    assert.equal(await value(registry, 'hedgerow_store_conflicts_total{collection="things"}'), '2');
    assert.equal(
      await value(registry, 'hedgerow_store_errors_total{collection="things",error="STORE_FAILED"}'),
      '0',
    );
    assert.equal(
      await value(registry, 'hedgerow_store_operation_duration_seconds_count{collection="things"}'),
      '5',
    );
    await store.close();
  });

  test('counts failures by their code and passes them on', async () => {
    const registry = new MetricRegistry(silentLogger);
    const inner = openSqlite({ file: ':memory:', durability: 'normal' });
    const failing: Store = {
      ...inner,
      collection: <T extends Document>(name: string, indexes: readonly (keyof T & string)[]) => ({
        ...inner.collection<T>(name, indexes),
        get: () => Promise.reject(new HedgerowError(STORE_ERRORS.STORE_FAILED, 'broken')),
      }),
    };
    const things = meteredStore(failing, registry).collection<Thing>('things', []);
    await assert.rejects(things.get('a'), { code: 'STORE_FAILED' });
    const errors = 'hedgerow_store_errors_total{collection="things",error="STORE_FAILED"}';
    assert.equal(await value(registry, errors), '1');
    await inner.close();
  });
});

test('a loop: runs, failures and when it went well last', async () => {
  const registry = new MetricRegistry(silentLogger);
  const clock = manualClock(5_000);
  const run = meterLoop(registry, clock, 'sweep');
  const last = 'hedgerow_loop_last_success_timestamp_seconds{loop="sweep"}';
  assert.equal(await value(registry, last), undefined);
  assert.equal(await run(async () => 'swept'), 'swept');
  clock.advance(2_000);
  await assert.rejects(
    run(() => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await value(registry, last), '5');
  assert.equal(await value(registry, 'hedgerow_loop_runs_total{loop="sweep"}'), '2');
  assert.equal(await value(registry, 'hedgerow_loop_failures_total{loop="sweep"}'), '1');
});

test('messages: every kind from the start, and what nobody knows under one word', async () => {
  const registry = new MetricRegistry(silentLogger);
  const meter = linkMeter(registry, { received: ['hello'], sent: ['place'] });
  assert.equal(await value(registry, 'hedgerow_link_messages_sent_total{kind="place"}'), '0');
  meter.received('hello');
  meter.received('made up 1');
  meter.received('made up 2');
  assert.equal(await value(registry, 'hedgerow_link_messages_received_total{kind="hello"}'), '1');
  assert.equal(await value(registry, 'hedgerow_link_messages_received_total{kind="other"}'), '2');
});

test('a process: CPU, memory, and how late its timers are', async () => {
  const registry = new MetricRegistry(silentLogger);
  const clock = manualClock();
  const stop = meterProcess(registry, clock);
  clock.advance(3_000);
  assert.equal(await value(registry, 'nodejs_eventloop_lag_seconds_count'), '3');
  assert.equal(await value(registry, 'nodejs_eventloop_lag_seconds_sum'), '0');
  assert.ok(Number(await value(registry, 'process_cpu_seconds_total')) > 0);
  assert.ok(Number(await value(registry, 'process_resident_memory_bytes')) > 10 * 2 ** 20);
  stop();
  clock.advance(3_000);
  assert.equal(await value(registry, 'nodejs_eventloop_lag_seconds_count'), '3');
});

describe('readiness', () => {
  test('says why not, and what is missed but not needed', async () => {
    const ready = readiness([() => null, async () => 'the disk is full'], [() => 'the link is down']);
    assert.deepEqual(await ready(), {
      status: 'not ready',
      reasons: ['the disk is full'],
      degraded: ['the link is down'],
    });
    assert.deepEqual(await readiness([() => null], [() => 'the link is down'])(), {
      status: 'ready',
      reasons: [],
      degraded: ['the link is down'],
    });
  });

  test('does not wait for what does not answer', async () => {
    const clock = manualClock();
    const check = answers(clock, 'the store', () => new Promise(() => {}));
    const answered = Promise.resolve(check());
    await turn();
    clock.advance(2_000);
    assert.equal(await answered, 'the store has not answered for 2 s');
    const broken = answers(clock, 'the store', () => Promise.reject(new Error('no route')));
    assert.equal(await broken(), 'the store does not answer: no route');
    assert.equal(await answers(clock, 'the store', async () => {})(), null);
  });
});
