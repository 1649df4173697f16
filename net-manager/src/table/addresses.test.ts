import assert from 'node:assert/strict';
import test from 'node:test';
import { INSTANCES_PER_WORKER } from '@hedgerow/protos';
import { instanceAddresses, nextAddress } from './addresses.ts';

test('a worker has 61 addresses, after network and gateway and before broadcast', () => {
  const all = instanceAddresses('10.18.0.64');
  assert.equal(all.length, INSTANCES_PER_WORKER);
  assert.deepEqual([all[0], all.at(-1)], ['10.18.0.66', '10.18.0.126']);
});

test('fresh addresses come first, then the one that was freed longest ago', () => {
  const all = instanceAddresses('10.18.0.0');
  assert.equal(nextAddress('10.18.0.0', new Set(), []), '10.18.0.2');
  assert.equal(nextAddress('10.18.0.0', new Set(['10.18.0.3']), ['10.18.0.2']), '10.18.0.4');
  const freed = ['10.18.0.9', '10.18.0.5'];
  const used = new Set(all.filter(address => !freed.includes(address)));
  assert.equal(nextAddress('10.18.0.0', used, freed), '10.18.0.9');
  assert.equal(nextAddress('10.18.0.0', new Set([...used, '10.18.0.9']), freed), '10.18.0.5');
  assert.equal(nextAddress('10.18.0.0', new Set(all), freed), null);
});

test('addresses that were freed under another subnet are not given out', () => {
  const used = new Set(instanceAddresses('10.18.0.0'));
  assert.equal(nextAddress('10.18.0.0', used, ['10.18.0.70']), null);
});

test('every address is given out once before one is given out twice', () => {
  const used = new Set<string>();
  const freed: string[] = [];
  const seen: string[] = [];
  for (let turn = 0; turn < 2 * INSTANCES_PER_WORKER; turn++) {
    const address = nextAddress('10.20.0.0', used, freed) as string;
    seen.push(address);
    const at = freed.indexOf(address);
    if (at >= 0) freed.splice(at, 1);
    freed.push(address);
  }
  assert.equal(new Set(seen.slice(0, INSTANCES_PER_WORKER)).size, INSTANCES_PER_WORKER);
  assert.deepEqual(seen.slice(INSTANCES_PER_WORKER), seen.slice(0, INSTANCES_PER_WORKER));
});
