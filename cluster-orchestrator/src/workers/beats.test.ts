import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeInstance } from '../testing/makers.ts';
import { Beats, hashOf } from './beats.ts';

test('two mismatches in a row are a difference, and again two after that', () => {
  const beats = new Beats();
  const believed = [makeInstance()];
  const wrong = hashOf([]);
  const differs = [wrong, wrong, wrong, wrong, hashOf(believed), wrong, hashOf(believed), wrong].map(hash =>
    beats.differs('w', hash, believed),
  );
  assert.deepEqual(differs, [false, true, false, true, false, false, false, false]);
});

test('an instance that was only just sent to the worker does not count', () => {
  assert.equal(hashOf([makeInstance({ status: 'NODE_SCHEDULED' })]), hashOf([]));
});
