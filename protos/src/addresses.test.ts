import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as plan from './addresses.ts';

const number = (address: string) => address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
const range = (prefix: string): [number, number] => {
  const [network = '', bits] = prefix.split('/');
  return [number(network), number(network) + 2 ** (32 - Number(bits)) - 1];
};
const subnetSize = 2 ** (32 - plan.WORKER_SUBNET_BITS);

test('worker subnets begin on their own boundary', () => {
  for (const subnet of [plan.FIRST_WORKER_SUBNET, plan.LAST_WORKER_SUBNET])
    assert.equal(number(subnet) % subnetSize, 0, subnet);
});

test('service IPs and worker subnets lie apart, and both in the overlay', () => {
  const [first, last] = range(plan.OVERLAY_PREFIX);
  const [serviceFirst, serviceLast] = range(plan.SERVICE_PREFIX);
  const workersLast = number(plan.LAST_WORKER_SUBNET) + subnetSize - 1;
  assert.ok(first <= number(plan.FIRST_WORKER_SUBNET));
  assert.ok(number(plan.FIRST_WORKER_SUBNET) < number(plan.LAST_WORKER_SUBNET));
  assert.ok(workersLast < serviceFirst);
  assert.ok(serviceLast <= last);
});

test('a subnet has room for its network, gateway, instances and broadcast', () => {
  assert.equal(plan.INSTANCES_PER_WORKER + 3, subnetSize);
});

test('a container’s packet fits a 1500-byte link with its VXLAN header', () => {
  const header = 20 + 8 + 8 + 14;
  assert.equal(plan.OVERLAY_MTU + header, 1500);
});
