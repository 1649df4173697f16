import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Roots } from './roots.ts';

function round(roots: Roots): string[] {
  const tried: string[] = [];
  for (let address = roots.next(); address !== null; address = roots.next()) tried.push(address);
  return tried;
}

test('every one is tried once in a round, the one that led last first', () => {
  const roots = new Roots(['a', 'b', 'c']);
  assert.deepEqual(round(roots), ['a', 'b', 'c']);
  roots.welcomed('b');
  roots.begin();
  assert.deepEqual(round(roots), ['b', 'a', 'c']);
});

test('whom one names as leading is next, also when the settings do not name it', () => {
  const roots = new Roots(['a', 'b']);
  roots.next();
  roots.deferred('x');
  assert.deepEqual(round(roots), ['x', 'b']);
  assert.equal(roots.electing, true);
});

test('one that was tried already is not tried again, whoever names it', () => {
  const roots = new Roots(['a', 'b']);
  assert.equal(roots.next(), 'a');
  assert.equal(roots.next(), 'b');
  roots.deferred('a');
  assert.equal(roots.next(), null);
});

test('ever new ones are not followed for ever', () => {
  const roots = new Roots(['a']);
  let count = 0;
  for (let address = roots.next(); address !== null; address = roots.next()) {
    count += 1;
    roots.deferred(`${address}+`);
  }
  assert.equal(count, 5);
  roots.begin();
  assert.equal(roots.electing, false);
  assert.equal(roots.next(), 'a');
});
