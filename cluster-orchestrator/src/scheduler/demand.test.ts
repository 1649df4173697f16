import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DirectConstraint } from '@hedgerow/protos';
import { makeSpec } from '../testing/makers.ts';
import { demandOf } from './demand.ts';

const direct = (node: string, cluster = 'here'): DirectConstraint => ({ type: 'direct', cluster, node });

describe('direct constraints', () => {
  const cases: [title: string, DirectConstraint[], string[] | null][] = [
    ['none', [], null],
    ['a list of host names', [direct('a; b;c;')], ['a', 'b', 'c']],
    ['the cluster alone', [direct('')], null],
    ['no cluster named', [direct('a', '')], ['a']],
    ['several are alternatives', [direct('a'), direct('b')], ['a', 'b']],
    ['one of them names the whole cluster', [direct('a'), direct('')], null],
    ['another cluster’s', [direct('a', 'there')], null],
    ['another type', [{ type: 'latency', cluster: '', node: 'a' }], null],
  ];
  for (const [title, constraints, workers] of cases) {
    test(title, () => {
      assert.deepEqual(demandOf('s/0', makeSpec({ constraints }), 'here').workers, workers);
    });
  }
});

test('host ports are reserved by number and protocol', () => {
  const { ports } = demandOf('s/0', makeSpec({ port: '8080:80;53:53/udp' }), 'here');
  assert.deepEqual(ports, ['8080/tcp', '53/udp']);
});

test('architectures by any of their names; none is any', () => {
  const of = (arch: string[]) => demandOf('s/0', makeSpec({ arch }), 'here').architectures;
  assert.deepEqual(of(['x86_64', 'ARM64']), ['amd64', 'arm64']);
  assert.deepEqual(of([]), []);
});

test('the SLA’s older word for the runtime', () => {
  assert.equal(demandOf('s/0', makeSpec({ virtualization: 'container' }), 'here').virtualization, 'docker');
});
