import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { completeConfig, readNodeCli } from './config.ts';

describe('settings', () => {
  const directory = mkdtempSync(join(tmpdir(), 'hedgerow-config-'));
  const file = join(directory, 'node.json');
  after(() => rmSync(directory, { recursive: true }));

  it('takes the seed’s command line', () => {
    const cli = readNodeCli(['-a', '192.0.2.10', '-p', '10100', '-n', '6000'], {});
    assert.deepEqual(
      [cli.cluster, cli.port, cli.net, cli.hostname],
      ['192.0.2.10', 10100, '6000', hostname()],
    );
  });

  it('prefers flags to environment, environment to the file, the file to defaults', () => {
    writeFileSync(file, JSON.stringify({ cluster: 'file', port: 1, vcpus: 1.5, hostname: 'file' }));
    const env = { HEDGEROW_CLUSTER_PORT: '2', HEDGEROW_HOSTNAME: 'env' };
    const cli = readNodeCli(['--config', file, '--hostname', 'flag'], env);
    assert.deepEqual([cli.cluster, cli.port, cli.hostname, cli.vcpus], ['file', 2, 'flag', 1.5]);
    assert.equal(cli.memory, 0);
  });

  it('names what is wrong', () => {
    assert.throws(() => readNodeCli(['--beat', '1'], {}), /--beat is "1"; allowed: a whole number from 100/);
    assert.throws(() => readNodeCli([], { HEDGEROW_VCPUS: 'all' }), /HEDGEROW_VCPUS is "all"/);
    writeFileSync(file, '{"colour": "red"}');
    assert.throws(
      () => readNodeCli(['--config', file], {}),
      /node\.json: colour is "red"; allowed: cluster, /,
    );
    writeFileSync(file, '{"port": "many"}');
    assert.throws(() => readNodeCli(['--config', file], {}), /node\.json: port is "many"/);
    writeFileSync(file, 'port: 1');
    assert.throws(() => readNodeCli(['--config', file], {}), /--config .*not valid JSON/);
  });

  it('fills what a caller leaves out', () => {
    const config = completeConfig({ cluster: 'c', data: '/d' });
    assert.deepEqual(
      [config.cluster, config.port, config.data, config.shim],
      ['c', 10100, '/d', '/bin/busybox'],
    );
  });
});
