import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BeatInstance, decodeBeat, encodeBeat, hashInstances } from './beat.ts';

const instance = (fields: Partial<BeatInstance> = {}): BeatInstance => ({
  service_id: 'a'.repeat(24),
  instance_number: 0,
  generation: 1,
  epoch: 1,
  status: 'RUNNING',
  ...fields,
});

test('a beat is eight bytes and comes back as it was', () => {
  for (const beat of [
    { hash: 0, count: 0 },
    { hash: 0xffff_ffff, count: 0xffff_ffff },
    { hash: 0x8000_0001, count: 7 },
  ]) {
    const bytes = encodeBeat(beat);
    assert.equal(bytes.length, 8);
    assert.deepEqual(decodeBeat(bytes), beat);
  }
});

test('the counter goes round after 2^32 beats', () => {
  assert.equal(decodeBeat(encodeBeat({ hash: 1, count: 2 ** 32 + 5 }))?.count, 5);
});

test('other lengths are no beat', () => {
  for (const length of [0, 7, 9]) assert.equal(decodeBeat(Buffer.alloc(length)), null);
});

test('equal sets have equal hashes in any order', () => {
  const instances = Array.from({ length: 12 }, (_, n) => instance({ instance_number: n }));
  const turned = [...instances.slice(5), ...instances.slice(0, 5)].reverse();
  assert.equal(hashInstances(turned), hashInstances(instances));
});

test('one difference in any field changes the hash', () => {
  const base = hashInstances([instance()]);
  const others: Partial<BeatInstance>[] = [
    { service_id: 'b'.repeat(24) },
    { instance_number: 1 },
    { generation: 2 },
    { epoch: 2 },
    { status: 'FAILED' },
  ];
  for (const fields of others)
    assert.notEqual(hashInstances([instance(fields)]), base, JSON.stringify(fields));
  assert.notEqual(hashInstances([]), base);
  assert.notEqual(hashInstances([instance(), instance({ instance_number: 1 })]), base);
});

test('the hash is FNV-1a, so that any other language can compute it', () => {
  assert.equal(hashInstances([]), 0x811c9dc5);
  const text = `${'a'.repeat(24)}/0:1:1:RUNNING`;
  let hash = 0x811c9dc5n;
  for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffff_ffffn;
  assert.equal(BigInt(hashInstances([instance()])), hash);
});
