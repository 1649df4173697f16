/** The streams of a worker over a runtime that is played, on a clock that is turned by hand. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { LogChunk, LogsPayload } from '@hedgerow/protos';
import type { LogLine } from './lines.ts';
import { Outlet } from './outlet.ts';
import { Readers } from './readers.ts';
import type { Output } from './source.ts';
import { LogStreams } from './streams.ts';

/** A broker that acknowledges when it is told to. */
class Broker {
  readonly chunks: LogChunk[] = [];
  connected = true;
  obliging = true;
  readonly #unacknowledged: PromiseWithResolvers<void>[] = [];

  publish(chunk: LogChunk): Promise<void> | null {
    if (!this.connected) return null;
    this.chunks.push(chunk);
    const settled = Promise.withResolvers<void>();
    if (this.obliging) settled.resolve();
    else this.#unacknowledged.push(settled);
    return settled.promise;
  }

  get inFlight(): number {
    return this.#unacknowledged.length;
  }

  acknowledge(): void {
    this.#unacknowledged.shift()?.resolve();
  }

  breakOff(): void {
    this.#unacknowledged.shift()?.reject(new Error('the connection ended'));
  }

  of(id: string): LogChunk[] {
    return this.chunks.filter(({ stream_id }) => stream_id === id);
  }

  lines(id = 's'): string[] {
    return this.of(id).flatMap(({ lines }) => lines);
  }

  lost(id = 's'): number {
    return this.of(id).reduce((sum, { lost }) => sum + lost, 0);
  }
}

/** A container that prints what it is told to, as fast as it is read. */
class Container {
  readonly #lines: LogLine[] = [];
  #more = Promise.withResolvers<void>();
  taken = 0;
  ended = false;

  print(at: number, ...texts: string[]): void {
    const time = new Date(at).toISOString().replace('Z', '000000Z');
    this.#lines.push(...texts.map(text => ({ at: time, text })));
    this.#more.resolve();
  }

  end(): void {
    this.ended = true;
    this.#more.resolve();
  }

  async *read(signal: AbortSignal, follow: boolean): AsyncGenerator<LogLine> {
    signal.addEventListener('abort', () => this.#more.resolve());
    while (!signal.aborted) {
      const line = this.#lines[this.taken];
      if (line) {
        this.taken += 1;
        yield line;
      } else if (this.ended || !follow) return;
      else {
        this.#more = Promise.withResolvers();
        await this.#more.promise;
      }
    }
  }
}

let clock: ManualClock;
let broker: Broker;
let container: Container;
let output: Output | null;
let changed: () => void;
let streams: LogStreams;

beforeEach(() => {
  clock = manualClock(1_800_000_000_000);
  broker = new Broker();
  container = new Container();
  output = { container: 'c1', last: '', continues: true };
  const listeners = new Set<() => void>();
  changed = () => {
    for (const listener of [...listeners]) listener();
  };
  const onChange = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const outlet = new Outlet({ publish: chunk => broker.publish(chunk), clock });
  streams = new LogStreams({
    runtime: { logs: (_, { signal, follow }) => container.read(signal, follow) },
    instances: { output: () => output, onChange },
    readers: new Readers(clock),
    outlet,
    clock,
    log: silentLogger,
  });
});

function ask(fields: Partial<LogsPayload> = {}): void {
  const request = { service_id: 'a', instance_number: 0, follow: true, tail: 100, request_id: 'r' };
  streams.request({ stream_id: 's', ...request, again: false, stop: false, ...fields });
}

async function until(what: string, wanted: () => boolean): Promise<void> {
  const deadline = performance.now() + 3000;
  while (!wanted()) {
    assert.ok(
      performance.now() < deadline,
      `${what}: ${JSON.stringify(broker.chunks.slice(-3)).slice(0, 500)}`,
    );
    await new Promise(resolve => setImmediate(resolve));
  }
}

/** The broker takes what comes, one message after the other. */
async function tenSeconds(): Promise<void> {
  for (let n = 0; n < 100; n++) {
    broker.acknowledge();
    clock.advance(100);
    await settled();
  }
}

/** Nothing is under way that does not wait for the clock, the container or the broker. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve));
}

const many = (count: number, text = 'x'.repeat(100)) => Array.from({ length: count }, () => text);

describe('a stream', () => {
  it('is told to be open at once, then sends what is printed', async () => {
    ask();
    await until('it is open', () => broker.chunks.length === 1);
    assert.deepEqual(broker.chunks[0], { stream_id: 's', lines: [], lost: 0, end: false, error: '' });
    container.print(clock.now(), 'one', 'two');
    await until('its lines', () => broker.lines().length === 2);
    container.end();
    output = null;
    changed();
    await settled();
    clock.advance(10);
    await until('its end', () => broker.chunks.at(-1)?.end === true);
    assert.equal(streams.count, 0);
  });

  it('ends 30 s after the last request, and at once when it is told to', async () => {
    ask();
    await settled();
    clock.advance(29_000);
    ask({ again: true });
    clock.advance(29_000);
    assert.equal(streams.count, 1);
    clock.advance(1000);
    await until('it is gone', () => streams.count === 0);
    ask();
    ask({ stop: true });
    await until('it is gone', () => streams.count === 0);
    assert.ok(
      broker.chunks.every(({ end }) => !end),
      'nobody is told: nobody reads',
    );
  });

  it('has one message on its way, one that waits, and lets the container wait', async () => {
    broker.obliging = false;
    ask();
    await settled();
    container.print(clock.now(), ...many(5000));
    await settled();
    assert.equal(broker.inFlight, 1);
    broker.acknowledge();
    await settled();
    assert.equal(broker.inFlight, 1);
    assert.ok(container.taken < 500, `${container.taken} lines were taken of 5000`);
    for (const chunk of broker.chunks) assert.ok(JSON.stringify(chunk).length < 17_000);
  });

  it('sends no more than 1 MiB in a second', async () => {
    ask();
    await settled();
    container.print(clock.now(), ...many(50_000));
    for (let n = 0; n < 10; n++) {
      clock.advance(100);
      await settled();
    }
    const bytes = broker.lines().length * 100;
    assert.ok(bytes < 1.1 * 1024 * 1024 && bytes > 100_000, `${bytes} bytes`);
  });

  it('leaves out what would come too late and says how much, but never what was printed before it was asked for', async () => {
    broker.obliging = false;
    container.print(clock.now() - 3_600_000, ...many(300, `old ${'x'.repeat(100)}`));
    ask();
    await settled();
    container.print(clock.now() + 1, ...many(2000, `live ${'x'.repeat(100)}`));
    clock.advance(11_000);
    await tenSeconds();
    const [old, live] = ['old', 'live'].map(
      word => broker.lines().filter(line => line.startsWith(word)).length,
    );
    assert.equal(old, 300);
    assert.ok(broker.lost() > 1000, `${broker.lost()} lost`);
    assert.equal((live ?? 0) + broker.lost(), 2000);
  });

  for (const hours of [1, -1])
    it(`loses nothing because the clock jumps by ${hours} h`, async () => {
      broker.obliging = false;
      ask();
      await settled();
      container.print(clock.now() + 1, ...many(500));
      clock.jump(hours * 3_600_000);
      container.print(clock.now() + 2, ...many(500));
      for (let n = 0; n < 100 && broker.lines().length < 1000; n++) {
        broker.acknowledge();
        clock.advance(10);
        await settled();
      }
      assert.deepEqual([broker.lines().length, broker.lost()], [1000, 0]);
      container.print(clock.now() + 1, ...many(2000, `live ${'x'.repeat(100)}`));
      clock.advance(11_000);
      await tenSeconds();
      assert.ok(broker.lost() > 1000, 'by the new time it leaves out again what would come too late');
    });

  it('counts what was on its way when the connection ended, and goes on with the next one', async () => {
    broker.obliging = false;
    ask();
    await settled();
    broker.acknowledge();
    await settled();
    container.print(clock.now(), 'one', 'two');
    await settled();
    broker.connected = false;
    broker.breakOff();
    container.print(clock.now(), 'three');
    await settled();
    broker.connected = true;
    broker.obliging = true;
    clock.advance(500);
    await until('the next line', () => broker.lines().includes('three'));
    assert.equal(broker.lost(), 2);
  });

  it('takes turns with others', async () => {
    broker.obliging = false;
    container.print(clock.now(), ...many(5000));
    for (const stream_id of ['s', 't']) ask({ stream_id });
    for (let n = 0; n < 20; n++) {
      await settled();
      broker.acknowledge();
      clock.advance(100);
    }
    const [s, t] = [broker.of('s').length, broker.of('t').length];
    assert.ok(Math.abs(s - t) <= 1, `${s} and ${t} messages`);
  });

  it('beyond the most that there may be is refused', async () => {
    for (let n = 0; n < 16; n++) ask({ stream_id: `s${n}` });
    ask({ stream_id: 'more' });
    await until('the refusal', () => broker.of('more').length === 1);
    assert.match(broker.of('more')[0]?.error ?? '', /16 outputs already/);
    assert.equal(streams.count, 16);
  });
});

describe('the last lines of a container', () => {
  it('are waited for by who removes it, but not for ever', async () => {
    const readers = new Readers(clock);
    await readers.settled('c');
    const [one, two] = [readers.begin('c'), readers.begin('c')];
    let removed = false;
    const removal = readers.settled('c').then(() => {
      removed = true;
    });
    one();
    await settled();
    assert.equal(removed, false);
    two();
    await removal;
    readers.begin('d');
    const impatient = readers.settled('d');
    clock.advance(1000);
    await impatient;
  });
});
