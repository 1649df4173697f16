import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addIpv4, formatIpv4, inPrefix, parseIpv4 } from './ipv4.ts';

test('text and number are each other’s inverse', () => {
  for (const text of ['0.0.0.0', '10.30.30.30', '127.0.0.1', '128.0.0.1', '255.255.255.255'])
    assert.equal(formatIpv4(parseIpv4(text) ?? -1), text);
  assert.equal(parseIpv4('255.255.255.255'), 0xffff_ffff);
});

test('only four canonical octets are an address', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.0.0.1',
    '1.2.3.-4',
    '1.2.3.4 ',
    '1.2.3.0x4',
    '::1',
  ])
    assert.equal(parseIpv4(text), null, text);
});

test('prefixes', () => {
  assert.equal(inPrefix('10.30.0.0', '10.30.0.0/16'), true);
  assert.equal(inPrefix('10.30.255.255', '10.30.0.0/16'), true);
  assert.equal(inPrefix('10.31.0.0', '10.30.0.0/16'), false);
  assert.equal(inPrefix('10.29.255.255', '10.30.0.0/16'), false);
  assert.equal(inPrefix('192.0.2.1', '0.0.0.0/0'), true);
  assert.equal(inPrefix('192.0.2.1', '192.0.2.1/32'), true);
  assert.equal(inPrefix('192.0.2.2', '192.0.2.1/32'), false);
  assert.equal(inPrefix('no address', '10.30.0.0/16'), false);
  assert.equal(inPrefix('10.30.0.1', '10.30.0.0'), false);
});

test('addition carries, and refuses to leave the address space', () => {
  assert.equal(addIpv4('10.18.0.255', 1), '10.18.1.0');
  assert.equal(addIpv4('10.18.1.0', -1), '10.18.0.255');
  assert.equal(addIpv4('127.255.255.255', 1), '128.0.0.0');
  assert.throws(() => addIpv4('255.255.255.255', 1), RangeError);
  assert.throws(() => addIpv4('0.0.0.0', -1), RangeError);
  assert.throws(() => addIpv4('here', 1), TypeError);
});
