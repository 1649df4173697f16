import assert from 'node:assert/strict';
import test from 'node:test';
import { isLinkName, linkName, macOfAddress, macOfSandbox } from './names.ts';

test('a link’s name follows from the instance, fits the kernel and is recognised', () => {
  const names = ['a.b.c.d', 'a.b.c.e'].flatMap(job => [0, 1, 11].map(number => linkName(job, number)));
  assert.equal(new Set(names).size, names.length);
  assert.equal(linkName('a.b.c.d', 0), names[0]);
  for (const name of names) assert.ok(name.length <= 15 && isLinkName(name), name);
  for (const foreign of ['eth0', 'hvsock0', 'veth1234567', 'hv0123456789abc'])
    assert.ok(!isLinkName(foreign));
});

test('hardware addresses are local unicast and follow from what they stand for', () => {
  assert.equal(macOfAddress('10.18.0.65'), '02:48:0a:12:00:41');
  assert.notEqual(macOfSandbox('boot/1'), macOfSandbox('boot/2'));
  assert.match(macOfSandbox('boot/1'), /^02(:[0-9a-f]{2}){5}$/);
});
