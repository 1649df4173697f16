import assert from 'node:assert/strict';
import test from 'node:test';
import { withAttachment } from '../attach/attach.ts';
import { entry, instance, WORKER_A, WORKER_B } from '../testing/table.ts';
import { withEntries, withEntry, withRegistration } from './changes.ts';
import { EMPTY_STATE } from './state.ts';

const registered = withRegistration(EMPTY_STATE, WORKER_A);
const one = entry('a.b.one.d', '10.30.0.1', [instance(WORKER_B, 0, '10.18.0.66', '10.30.0.2')]);
const two = entry('a.b.two.d', '10.30.0.3');

test('what says the same changes nothing', () => {
  assert.equal(withRegistration(registered, { ...WORKER_A }), registered);
  const state = withEntries(registered, [one, two]);
  assert.equal(withEntries(state, [structuredClone(two), structuredClone(one)]), state);
  assert.equal(withEntry(state, structuredClone(one)), state);
  assert.equal(withEntry(registered, { ...one, removed: true }), registered);
});

test('the table replaces, an entry adds, changes or removes', () => {
  const state = withEntry(withEntry(registered, one), two);
  assert.deepEqual([...state.services.keys()], ['a.b.one.d', 'a.b.two.d']);
  assert.deepEqual([...withEntry(state, { ...one, removed: true }).services.keys()], ['a.b.two.d']);
  assert.deepEqual([...withEntries(state, [one]).services.keys()], ['a.b.one.d']);
  const changed = withEntries(state, [{ ...one, instances: [] }, two]);
  assert.equal(changed.services.get('a.b.two.d'), state.services.get('a.b.two.d'));
  assert.deepEqual(changed.services.get('a.b.one.d')?.endpoints, []);
});

test('another subnet takes the attachments with it, another public address does not', () => {
  const request = { pid: 7, serviceName: 'a.b.c.d', instanceNumber: 0, portMappings: '' };
  const state = withAttachment(registered, request, 'boot/1');
  assert.equal(withRegistration(state, { ...WORKER_A, public_address: '192.0.2.9' }).attachments.size, 1);
  assert.equal(withRegistration(state, { ...WORKER_A, subnet: '10.20.0.0' }).attachments.size, 0);
});
