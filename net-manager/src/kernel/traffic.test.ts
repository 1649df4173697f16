import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trafficOf, tunnelTraffic } from './traffic.ts';

const DEV = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 3085100   10220    0    0    0     0          0         0  3085100   10220    0    0    0     0       0          0
hedgerow: 4200     17    1    2    0     0          0         0     9900      31    3    4    0     0       0          0
hedgerow2:     1     1    0    0    0     0          0         0        1       1    0    0    0     0       0          0
`;

test('bytes of a device, and what was lost: errors and drops', () => {
  assert.deepEqual(trafficOf(DEV, 'hedgerow'), {
    received: { bytes: 4200, dropped: 3 },
    sent: { bytes: 9900, dropped: 7 },
  });
});

test('a device that is not there has let nothing through', () => {
  const nothing = { bytes: 0, dropped: 0 };
  assert.deepEqual(trafficOf(DEV, 'hedge'), { received: nothing, sent: nothing });
});

test('this machine has such a file', { skip: process.platform !== 'linux' ? 'needs Linux' : false }, () => {
  assert.ok(tunnelTraffic().received.bytes >= 0);
});
