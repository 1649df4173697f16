import assert from 'node:assert/strict';
import test from 'node:test';
import { isOfNetworks, networksIn } from './networks.ts';

const ways = (...dsts: string[]) => dsts.map(dst => ({ dst, protocol: 'kernel' }));

test('networks in the range, as wide as they are', () => {
  assert.deepEqual(networksIn(ways('10.20.0.0/16', '10.31.7.9', '10.16.0.0/13')), [
    '10.16.0.0/13',
    '10.31.7.9',
  ]);
});

test('what is as wide as the range, wider or elsewhere says nothing of it', () => {
  const wide = ways('default', '0.0.0.0/1', '10.0.0.0/8', '10.16.0.0/12', '10.32.0.0/16', '192.168.77.0/24');
  assert.deepEqual(networksIn(wide), []);
});

test('prefixes do not overlap and come once', () => {
  assert.deepEqual(networksIn(ways('10.20.4.1', '10.20.0.0/16', '10.20.4.0/24', '10.20.0.0/16')), [
    '10.20.0.0/16',
  ]);
});

test('our own routes are none of the machine’s', () => {
  assert.deepEqual(networksIn([{ dst: '10.18.0.64/26', protocol: '72' }]), []);
});

test('news are of other devices than ours', () => {
  const lines = [
    '10.20.0.0/16 dev lan proto kernel scope link src 10.20.0.1 ',
    'Deleted 10.20.0.0/16 via 192.168.79.2 dev wan ',
    '7: lan@if6: <NO-CARRIER,BROADCAST,MULTICAST,UP,M-DOWN> mtu 1500 state LOWERLAYERDOWN group default ',
    'unreachable 10.20.0.0/16 ',
  ];
  const own = [
    '10.18.0.2 dev hv0123456789ab proto 72 scope link src 10.18.0.1 ',
    'Deleted 10.18.0.64/26 via 10.18.0.65 dev hedgerow proto 72 onlink ',
    '12: hv0123456789ab@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 state UP group default ',
    'Deleted 12: hv0123456789ab@NONE: <BROADCAST,MULTICAST> mtu 1450 state DOWN group default ',
    '5: hedgerow: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 state UNKNOWN group default ',
  ];
  assert.deepEqual(
    lines.map(isOfNetworks),
    lines.map(() => true),
  );
  assert.deepEqual(
    own.map(isOfNetworks),
    own.map(() => false),
  );
});
