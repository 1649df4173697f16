import assert from 'node:assert/strict';
import test from 'node:test';
import type { TableEntry } from '@hedgerow/protos';
import { withAttachment } from '../attach/attach.ts';
import { directoryOf, entry, instance, WORKER_A, WORKER_B } from '../testing/table.ts';
import { changesOf, type Told, withRegistration } from './changes.ts';
import { EMPTY_STATE } from './state.ts';

const registered = withRegistration(EMPTY_STATE, WORKER_A);
const one = entry('a.b.one.d', '10.30.0.1', [instance(WORKER_B, 0, '10.18.0.66', '10.30.0.2')]);
const two = entry('a.b.two.d', '10.30.0.3');

const known = directoryOf([one, two]);
const whole = (...entries: TableEntry[]): Told => ({ entries, whole: true });
const some = (...entries: TableEntry[]): Told => ({ entries, whole: false });
const gone = (entry: TableEntry): TableEntry => ({ ...entry, removed: true });
const changed = { ...one, instances: [] };

test('what says the same changes nothing', () => {
  assert.equal(withRegistration(registered, { ...WORKER_A }), registered);
  for (const told of [
    whole(structuredClone(two), structuredClone(one)),
    some(structuredClone(one)),
    some(),
  ]) {
    assert.equal(changesOf(known, [told]).size, 0);
  }
  assert.equal(changesOf(directoryOf([]), [some(gone(one))]).size, 0);
});

const TOLD: [what: string, told: Told[], expected: Record<string, number | null>][] = [
  ['an entry changes', [some(changed)], { [one.job_name]: 0 }],
  ['an entry removes', [some(gone(one))], { [one.job_name]: null }],
  ['the table replaces', [whole(changed)], { [one.job_name]: 0, [two.job_name]: null }],
  ['the table forgets what came before it', [some(entry('a.b.new.d', '')), whole(one, two)], {}],
  ['the last word counts', [some(gone(one)), some(changed)], { [one.job_name]: 0 }],
  ['also against a table', [whole(two), some(one)], {}],
  ['and back again', [some(changed), some(one)], {}],
];

for (const [what, told, expected] of TOLD) {
  test(`a table that is told: ${what}`, () => {
    const found = [...changesOf(known, told)].map(([job, service]) => [
      job,
      service?.endpoints.length ?? null,
    ]);
    assert.deepEqual(Object.fromEntries(found), expected);
  });
}

test('another subnet takes the attachments with it, another public address does not', () => {
  const request = { pid: 7, serviceName: 'a.b.c.d', instanceNumber: 0, portMappings: '' };
  const state = withAttachment(registered, request, 'boot/1');
  assert.equal(withRegistration(state, { ...WORKER_A, public_address: '192.0.2.9' }).attachments.size, 1);
  assert.equal(withRegistration(state, { ...WORKER_A, subnet: '10.20.0.0' }).attachments.size, 0);
});
