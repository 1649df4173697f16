import assert from 'node:assert/strict';
import test from 'node:test';
import { fingerprint, foundDocker, foundElements, foundSize, natLines } from './nat.ts';

const NONE = { gone: [], set: [], stale: [] };

test('elements that change are deleted and added in the order of one transaction', () => {
  const lines = natLines({
    rules: null,
    docker: null,
    elements: {
      gone: [['ep2 10.30.0.1 . 0', '10.18.0.2']],
      stale: [['ep1 10.30.0.2', '10.18.0.2']],
      set: [
        ['ep1 10.30.0.2', '10.18.0.3'],
        ['self 10.18.0.2 . 10.18.0.2', ''],
      ],
    },
  });
  assert.deepEqual(lines, [
    'delete element ip hedgerow ep2 { 10.30.0.1 . 0 }',
    'delete element ip hedgerow ep1 { 10.30.0.2 }',
    'add element ip hedgerow ep1 { 10.30.0.2 : 10.18.0.3 }',
    'add element ip hedgerow self { 10.18.0.2 . 10.18.0.2 }',
  ]);
});

test('many elements are split over commands', () => {
  const set = Array.from(
    { length: 1001 },
    (_, n) => [`ep1 10.30.${n >> 8}.${n & 255}`, '10.18.0.2'] as const,
  );
  assert.equal(natLines({ rules: null, docker: null, elements: { ...NONE, set } }).length, 3);
});

test('new rules replace the table in the same transaction', () => {
  const lines = natLines({ rules: ['table ip hedgerow {', '}'], docker: null, elements: NONE });
  assert.deepEqual(lines, ['table ip hedgerow {}', 'delete table ip hedgerow', 'table ip hedgerow {', '}']);
});

test('rules in Docker’s chain that were half removed are made anew', () => {
  const docker = { exists: true, complete: false, handles: [7] };
  assert.deepEqual(natLines({ rules: null, elements: NONE, docker }), [
    'delete rule ip filter DOCKER-USER handle 7',
    'insert rule ip filter DOCKER-USER iifname "hv*" accept comment "hedgerow"',
    'insert rule ip filter DOCKER-USER oifname "hv*" accept comment "hedgerow"',
  ]);
});

const LISTING = {
  nftables: [
    { metainfo: { version: '1.0.6' } },
    { map: { name: 'ep1', handle: 1, elem: [['10.30.0.1', '10.18.0.2'] as [string, string]] } },
    {
      map: {
        name: 'ep2',
        elem: [[{ concat: ['10.30.0.2', 0] }, '10.18.0.3'] as [{ concat: (string | number)[] }, string]],
      },
    },
    { map: { name: 'ports', elem: [[{ concat: ['tcp', 80] }, { concat: ['10.18.0.2', 81] }] as never] } },
    { set: { name: 'self', elem: [{ concat: ['10.18.0.2', '10.18.0.2'] }] } },
    { rule: { handle: 9, chain: 'services' } },
  ],
};

test('a listing is read in the words of the desired state', () => {
  assert.deepEqual(Object.fromEntries(foundElements(LISTING)), {
    'ep1 10.30.0.1': '10.18.0.2',
    'ep2 10.30.0.2 . 0': '10.18.0.3',
    'ports tcp . 80': '10.18.0.2 . 81',
    'self 10.18.0.2 . 10.18.0.2': '',
  });
  assert.equal(foundSize(LISTING), 2);
});

test('the fingerprint sees rules and not elements, handles or versions', () => {
  const other = structuredClone(LISTING);
  other.nftables = other.nftables.slice(1);
  for (const row of other.nftables) if (row.map) row.map.elem = [];
  if (other.nftables[4]?.rule) other.nftables[4].rule.handle = 99;
  assert.equal(fingerprint(other), fingerprint(LISTING));
  other.nftables.pop();
  assert.notEqual(fingerprint(other), fingerprint(LISTING));
});

test('Docker’s chain: absent, without our rules, with them', () => {
  const rule = (handle: number, comment?: string) => ({
    rule: { handle, chain: 'DOCKER-USER', ...(comment ? { comment } : {}) },
  });
  assert.equal(foundDocker(null).exists, false);
  assert.deepEqual(foundDocker({ nftables: [rule(1), rule(2, 'hedgerow')] }).handles, [2]);
  assert.ok(foundDocker({ nftables: [rule(2, 'hedgerow'), rule(3, 'hedgerow')] }).complete);
});
