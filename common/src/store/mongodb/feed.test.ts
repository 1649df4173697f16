import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Feed } from './feed.ts';
import { encode, type MongodbRecord } from './record.ts';

let feed: Feed;
let heard: string[];
beforeEach(() => {
  feed = new Feed();
  heard = [];
  feed.add((id, document) => heard.push(`${id}:${document?.revision ?? 'gone'}`));
});

const record = (id: string, revision: number, write = `${id}${revision}`): MongodbRecord =>
  encode({ id, revision }, write);
const marks = (...records: MongodbRecord[]) => new Map(records.map(({ _id, write }) => [_id, write]));
const read = (ids: string[], ...records: MongodbRecord[]) => {
  feed.reading();
  feed.settle(ids, records);
};
const own = (id: string, revision: number, write = `own${revision}`) => {
  feed.begin(id);
  feed.wrote({ id, revision }, write);
  feed.end(id);
};

test('the baseline is not told; what differs from it is', () => {
  feed.baseline(marks(record('a', 1), record('b', 1)));
  feed.compare(marks(record('a', 2), record('c', 1)));
  assert.deepEqual(feed.due(9).sort(), ['a', 'b', 'c']);
  read(['a', 'b', 'c'], record('a', 2), record('c', 1));
  assert.deepEqual(heard, ['a:2', 'b:gone', 'c:1']);
  assert.deepEqual(feed.due(9), []);
});

test('an own write is told once, though a hint of it comes back', () => {
  own('a', 1);
  feed.hint('a');
  read(['a'], record('a', 1, 'own1'));
  assert.deepEqual(heard, ['a:1']);
});

test('what was read before an own write ended is not told after it, but read again', () => {
  feed.hint('a');
  feed.reading();
  own('a', 2);
  feed.settle(['a'], [record('a', 1)]);
  assert.deepEqual(heard, ['a:2']);
  assert.deepEqual(feed.due(9), ['a']);
  read(['a'], record('a', 2, 'own2'));
  assert.deepEqual(heard, ['a:2']);
});

test('what is being written is neither read nor told', () => {
  feed.hint('a');
  feed.begin('a');
  assert.deepEqual(feed.due(9), []);
  read(['a'], record('a', 1, 'own1'));
  assert.deepEqual(heard, []);
  feed.wrote({ id: 'a', revision: 1 }, 'own1');
  feed.end('a');
  assert.deepEqual(heard, ['a:1']);
});

test('a write that was under way when the watching began is told once', () => {
  feed.begin('a');
  feed.reading();
  feed.baseline(marks(record('a', 1, 'own1')));
  feed.wrote({ id: 'a', revision: 1 }, 'own1');
  feed.end('a');
  read(feed.due(9), record('a', 1, 'own1'));
  assert.deepEqual(heard, ['a:1']);
});

test('a document made anew at the same revision is a change', () => {
  feed.baseline(marks(record('a', 1, 'x')));
  feed.compare(marks(record('a', 1, 'y')));
  read(feed.due(9), record('a', 1, 'y'));
  assert.deepEqual(heard, ['a:1']);
});

test('nothing is kept while nobody watches', () => {
  feed = new Feed();
  own('a', 1);
  feed.hint('b');
  assert.deepEqual(feed.due(9), []);
  assert.equal(feed.watched, false);
});
