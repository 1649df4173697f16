import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestTable, type TableEntry, type TablePayload } from '@hedgerow/protos';
import { Texts } from './texts.ts';

const entries: TableEntry[] = Array.from({ length: 40 }, (_, n) => ({
  ...{ job_name: `shop.test.s${n}.test`, application_id: 'a', service_ip: `10.30.0.${n}` },
  ...{ instances: [], removed: false },
}));
const read = (parts: readonly Buffer[]) => parts.map(part => JSON.parse(part.toString()) as TablePayload);

test('a table that is small is one message without numbers', () => {
  assert.deepEqual(read(new Texts().whole(entries, true)), [{ entries }]);
  assert.deepEqual(read(new Texts().whole([], true)), [{ entries: [] }]);
});

test('a large one comes in parts that are no larger than they may be, in order', () => {
  const parts = new Texts(1000).whole(entries, true);
  assert.ok(parts.length > 3 && parts.every(part => part.length < 1100), `${parts.map(p => p.length)}`);
  const payloads = read(parts);
  assert.deepEqual(
    payloads.map(({ part, parts: of }) => [part, of]),
    parts.map((_, at) => [at, parts.length]),
  );
  assert.deepEqual(
    payloads.flatMap(payload => payload.entries),
    entries,
  );
});

test('the next worker that is told the same shares the text', () => {
  const texts = new Texts(1000);
  assert.equal(texts.whole([...entries], true), texts.whole([...entries], true));
  assert.equal(texts.digest(entries), digestTable(entries));
  const [first, ...rest] = entries as [TableEntry, ...TableEntry[]];
  assert.notEqual(
    texts.whole([{ ...first, service_ip: '10.30.1.1' }, ...rest], true),
    texts.whole(entries, true),
  );
  assert.equal(texts.result(first), texts.result(first));
});

test('who knows no parts gets one message', () => {
  const texts = new Texts(1000);
  assert.deepEqual(read(texts.whole(entries, false)), [{ entries }]);
  assert.ok(texts.whole(entries, true).length > 3);
});
