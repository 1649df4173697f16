import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PortMapping, parsePorts, portKey } from './ports.ts';

const tcp = (host: number, container = host): PortMapping => ({ host, container, protocol: 'tcp' });
const udp = (host: number, container = host): PortMapping => ({ host, container, protocol: 'udp' });

const GOOD: [string, PortMapping[]][] = [
  ['', []],
  ['  ', []],
  ['80', [tcp(80)]],
  ['9080', [tcp(9080)]],
  ['6080:60/tcp', [tcp(6080, 60)]],
  ['53/udp', [udp(53)]],
  ['53:5353/udp', [udp(53, 5353)]],
  ['80:8080;443:8443', [tcp(80, 8080), tcp(443, 8443)]],
  ['53/tcp;53/udp', [tcp(53), udp(53)]],
  [' 80 ; 81 ', [tcp(80), tcp(81)]],
  ['1:65535', [tcp(1, 65535)]],
  ['80:8080;81:8080', [tcp(80, 8080), tcp(81, 8080)]],
];

for (const [text, mappings] of GOOD)
  test(`ports "${text}"`, () => assert.deepEqual(parsePorts(text), { mappings }));

const BAD: [string, string][] = [
  ['0', '0'],
  ['65536', '65536'],
  ['80:0', '80:0'],
  ['80:65536', '80:65536'],
  ['123456', '123456'],
  ['-1', '-1'],
  ['http', 'http'],
  ['80/sctp', '80/sctp'],
  ['80/TCP', '80/TCP'],
  ['80:', '80:'],
  [':80', ':80'],
  ['80:80:80', '80:80:80'],
  ['80/tcp/udp', '80/tcp/udp'],
  ['8 0', '8 0'],
  ['80,81', '80,81'],
  ['80;', ''],
  [';80', ''],
  ['80;;81', ''],
  ['80;x;81', 'x'],
  ['80:1;80:2', '80:2'],
  ['80;80/tcp', '80/tcp'],
  ['1e3', '1e3'],
  ['٨٠', '٨٠'],
];

for (const [text, bad] of BAD)
  test(`no ports: "${text}"`, () => {
    const result = parsePorts(text);
    assert.ok('bad' in result, JSON.stringify(result));
    assert.equal(result.bad, bad);
    assert.ok(result.why.length > 0);
  });

test('a host port is a resource per protocol', () => {
  assert.equal(portKey(tcp(80, 8080)), portKey(tcp(80, 9090)));
  assert.notEqual(portKey(tcp(80)), portKey(udp(80)));
});
