import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import type { ApiEvent } from '@hedgerow/protos';
import { EventReader } from './reader.ts';
import { Ring } from './ring.ts';

/** A connection whose other end reads when it is told to. */
class Slow extends Writable {
  readonly taken: string[] = [];
  #take: (() => void) | null = null;

  constructor() {
    super({ highWaterMark: 1000, decodeStrings: false });
  }

  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.#take = () => {
      this.taken.push(chunk);
      this.#take = null;
      done();
    };
  }

  async read(): Promise<void> {
    while (this.#take) {
      this.#take();
      await new Promise(resolve => setImmediate(resolve));
    }
  }

  ids(): string[] {
    return [...this.taken.join('').matchAll(/id: boot-(\d+)\nevent: (\w+)/g)].map(m => `${m[2]} ${m[1]}`);
  }
}

const event = (n: number) => ({ kind: 'instance', status_detail: `${n} ${'x'.repeat(500)}` }) as ApiEvent;

function fill(ring: Ring, count: number): void {
  for (let n = 0; n < count; n += 1) ring.add(event(n), 'everybody');
}

describe('a reader who does not read', () => {
  test('costs one batch; when he reads he gets the rest', async () => {
    const ring = new Ring('boot', 1000);
    const out = new Slow();
    const reader = new EventReader(ring, out, () => true, '', 0);
    await out.read();
    fill(ring, 500);
    for (let n = 0; n < 50; n += 1) reader.pump();
    assert.ok(out.writableLength < 40_000, `${out.writableLength}`);
    await out.read();
    assert.deepEqual(
      out.ids(),
      Array.from({ length: 500 }, (_, n) => `instance ${n + 1}`),
    );
  });

  test('for too long is told so instead, and goes on from there', async () => {
    const ring = new Ring('boot', 100);
    const out = new Slow();
    const reader = new EventReader(ring, out, () => true, '', 0);
    await out.read();
    fill(ring, 20);
    reader.pump();
    const written = out.writableLength;
    fill(ring, 5000);
    reader.pump();
    assert.equal(out.writableLength, written);
    await out.read();
    assert.equal(out.ids().at(-1), 'reset 5020');
    fill(ring, 1);
    reader.pump();
    await out.read();
    assert.equal(out.ids().at(-1), 'instance 5021');
  });

  test('at all is gone after a minute', async () => {
    const ring = new Ring('boot', 100);
    const out = new Slow();
    const reader = new EventReader(ring, out, () => true, '', 0);
    await out.read();
    fill(ring, 100);
    reader.pump();
    assert.equal(reader.beat(15_000), true);
    assert.equal(reader.beat(59_999), true);
    assert.equal(reader.beat(60_001), false);
    await out.read();
    assert.equal(reader.beat(75_000), true);
  });
});

test('what is not for him is left out, and his place moves on', async () => {
  const ring = new Ring('boot', 100);
  const out = new Slow();
  const reader = new EventReader(ring, out, ({ data }) => data.kind === 'cluster', '', 0);
  await out.read();
  fill(ring, 30);
  reader.pump();
  reader.beat(15_000);
  await out.read();
  assert.deepEqual(out.ids(), []);
  assert.match(out.taken.at(-1) ?? '', /^:\nid: boot-30\n\n$/);
});

test('the ring finds the next event of an id, or says that it is lost', () => {
  const ring = new Ring('boot', 10);
  assert.equal(ring.after('boot-0'), 1);
  fill(ring, 25);
  const rows: [string, number | null][] = [
    ['boot-25', 26],
    ['boot-15', 16],
    ['boot-14', null],
    ['boot-26', null],
    ['other-20', null],
    ['boot-', null],
    ['', null],
    ['boot-x', null],
  ];
  for (const [id, next] of rows) assert.equal(ring.after(id), next, id);
  assert.equal(ring.get(15), undefined);
  assert.match(ring.get(16)?.text ?? '', /^id: boot-16\nevent: instance\ndata: \{.*\}\n\n$/);
  assert.equal(ring.get(26), undefined);
});
