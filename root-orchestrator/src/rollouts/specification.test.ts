import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rollout, Service } from '../model.ts';
import { specificationOf } from './specification.ts';

type Row = [state: Rollout['state'], from: number, to: number, images: Record<number, string>];

/** generation → image; generations 3 and 1 came before the update, 4 is the new one, 5 undoes it. */
const ROWS: Row[] = [
  ['rolling', 3, 4, { 1: 'old', 3: 'old', 4: 'new' }],
  ['done', 3, 4, { 1: 'new', 3: 'new', 4: 'new' }],
  ['undoing', 4, 5, { 1: 'old', 3: 'old', 4: 'new', 5: 'old' }],
  ['undone', 4, 5, { 1: 'old', 3: 'old', 4: 'new', 5: 'old' }],
  ['failed', 4, 5, { 1: 'old', 3: 'old', 4: 'new', 5: 'old' }],
];

for (const [state, from, to, images] of ROWS) {
  test(`while an update is ${state}, the generation says what an instance runs`, () => {
    const image = (generation: number) => (generation === 4 ? 'new' : 'old');
    const side = (generation: number) => ({ generation, microservice: { code: image(generation) } });
    const rollout = { state, from: side(from), to: side(to) };
    const service = { microservice: { code: image(to) }, rollout } as unknown as Service;
    for (const [generation, code] of Object.entries(images)) {
      assert.equal(specificationOf(service, Number(generation)).code, code, generation);
    }
  });
}

test('without an update it is the service’s', () => {
  const service = { microservice: { code: 'only' }, rollout: null } as unknown as Service;
  assert.equal(specificationOf(service, 1).code, 'only');
});
