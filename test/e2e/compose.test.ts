/**
 * `docker-compose.yml` as `docker-compose` 1 reads it, for every profile. Our images are run in `images.test.ts`; those
 * of others cannot be had without a registry: of them the configuration files are run, on Debian's programs.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';

const repository = join(import.meta.dirname, '../..');
const OURS = ['root', 'root-mongodb', 'cluster', 'cluster-mosquitto', 'worker'];
const THEIRS = ['mongodb', 'mosquitto', 'prometheus', 'grafana'];
const SERVICES_OF: Record<string, string[]> = {
  root: ['root', 'prometheus', 'grafana'],
  'root-mongodb': ['root-mongodb', 'mongodb', 'prometheus', 'grafana'],
  cluster: ['cluster'],
  'cluster-mosquitto': ['cluster-mosquitto', 'mosquitto'],
  all: ['root', 'cluster', 'prometheus', 'grafana'],
  worker: ['worker'],
};

interface Service {
  image: string;
  profiles: string[];
  restart: string;
  mem_limit: string;
  environment?: Record<string, string>;
  ports?: { published: number; target: number }[];
  volumes?: string[];
  healthcheck?: { test: string[] };
  logging?: { options: Record<string, string> };
  cap_drop?: string[];
  user?: string;
  read_only?: boolean;
  security_opt?: string[];
  depends_on?: Record<string, { condition: string }>;
  build?: { dockerfile: string };
}

const skip = spawnSync('docker-compose', ['version']).status === 0 ? false : 'needs docker-compose';

describe('docker-compose.yml', { skip }, () => {
  let services: Record<string, Service>;
  const of = (name: string) => services[name] as Service;
  before(() => {
    services = config({});
  });

  for (const [profile, expected] of Object.entries(SERVICES_OF))
    test(`profile ${profile} is ${expected.join(', ')}`, () => {
      const inIt = Object.keys(services).filter(name => of(name).profiles.includes(profile));
      assert.deepEqual(inIt.sort(), expected.sort());
      const ports = inIt.flatMap(name => (of(name).ports ?? []).map(({ published }) => published));
      assert.equal(new Set(ports).size, ports.length, 'no port is published twice');
      for (const name of inIt)
        for (const needed of Object.keys(of(name).depends_on ?? {}))
          assert.ok(expected.includes(needed), `${name} needs ${needed}`);
    });

  test('every service has a health check, a restart rule, a limit of memory and logs that end', () => {
    assert.deepEqual(Object.keys(services).sort(), [...OURS, ...THEIRS].sort());
    for (const [name, service] of Object.entries(services)) {
      assert.equal(service.restart, 'unless-stopped', name);
      assert.match(service.mem_limit, /^\d+[mg]$/, name);
      assert.ok(service.logging?.options['max-size'], name);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
      const text = service.build ? readFileSync(join(repository, service.build.dockerfile), 'utf8') : '';
      assert.ok(service.healthcheck || text.includes('HEALTHCHECK'), name);
      if (name === 'worker') continue;
      assert.deepEqual(service.cap_drop, ['ALL'], name);
      assert.ok(
        service.volumes?.some(volume => /^[a-z-]+-data:/.test(volume)),
        `${name} has a named volume`,
      );
    }
  });

  test('what is published is what clients, workers and people need, and no database', () => {
    const published = Object.entries(services).map(([name, { ports = [] }]) => [
      name,
      ports.map(port => port.published).sort(),
    ]);
    assert.deepEqual(Object.fromEntries(published), {
      root: [10000],
      'root-mongodb': [10000],
      cluster: [10003, 10100],
      'cluster-mosquitto': [10100],
      mosquitto: [10003],
      grafana: [80],
      mongodb: [],
      prometheus: [],
      worker: [],
    });
  });

  test('what is mounted from this repository is there', () => {
    for (const [name, { volumes = [] }] of Object.entries(services))
      for (const volume of volumes
        .map(text => text.split(':')[0] ?? '')
        .filter(path => path.startsWith(repository)))
        assert.ok(existsSync(volume), `${name} mounts ${volume}`);
  });

  test('the variables of the seed reach the cluster; without them it looks for a root beside it', () => {
    const seed = { SYSTEM_MANAGER_URL: '192.0.2.7', CLUSTER_NAME: 'gpu', CLUSTER_LOCATION: '48.1,11.6,1000' };
    for (const name of ['cluster', 'cluster-mosquitto']) {
      const { environment = {} } = config(seed)[name] as Service;
      for (const [key, value] of Object.entries(seed)) assert.equal(environment[key], value, name);
      assert.equal(of(name).environment?.SYSTEM_MANAGER_URL, 'root');
    }
  });

  test('no secret stands in the file, and none is preset', () => {
    const passwords = ['ADMIN_PASSWORD', 'MONGODB_PASSWORD', 'MQTT_PASSWORD'];
    const secrets = [...passwords, 'ROOT_TOKEN', 'WORKER_TOKEN', 'METRICS_TOKEN'];
    const text = readFileSync(join(repository, 'docker-compose.yml'), 'utf8');
    for (const secret of secrets) {
      assert.match(text, new RegExp(`\\$\\{${secret}:-\\}`), secret);
      assert.doesNotMatch(text, new RegExp(`\\$\\{${secret}:-[^}]`), secret);
      const example = readFileSync(join(repository, 'docker/env.example'), 'utf8');
      assert.match(example, new RegExp(`^${secret}=$`, 'm'));
    }
  });

  test('a token for metrics reaches those who ask for it, and the Prometheus that shows it', t => {
    const given = config({ METRICS_TOKEN: 'abc' });
    for (const name of ['root', 'root-mongodb', 'cluster', 'cluster-mosquitto', 'prometheus'])
      assert.equal(given[name]?.environment?.METRICS_TOKEN, 'abc', name);
    const copies = mkdtempSync(join(tmpdir(), 'hedgerow-prometheus-'));
    t.after(() => rmSync(copies, { recursive: true }));
    const started = (METRICS_TOKEN: string): string =>
      execFileSync('sh', [join(repository, 'docker/prometheus/start.sh'), '--more'], {
        env: {
          ...{ PATH: process.env.PATH, TMPDIR: copies, METRICS_TOKEN, PROMETHEUS: 'echo' },
          PROMETHEUS_FOLDER: join(repository, 'dashboards/prometheus'),
        },
        encoding: 'utf8',
      }).trim();
    const shipped = join(repository, 'dashboards/prometheus/prometheus.yml');
    assert.equal(started(''), `--config.file=${shipped} --more`);
    const copy = join(copies, 'prometheus.yml');
    assert.equal(started('abc'), `--config.file=${copy} --more`);
    assert.equal(readFileSync(join(copies, 'metrics-token'), 'utf8'), 'abc');
    const jobs = readFileSync(copy, 'utf8').split('- job_name: ').slice(1);
    assert.deepEqual(
      jobs.map(job => [job.split('\n')[0], job.includes('authorization: { credentials_file:')]),
      [
        ['root', true],
        ['cluster', true],
        ['worker', false],
      ],
    );
    if (spawnSync('promtool', ['--version']).status === 0)
      execFileSync('promtool', ['check', 'config', copy]);
  });

  test('Grafana and Mosquitto do not start without their password', () => {
    for (const script of ['docker/grafana/start.sh', 'docker/mosquitto/start.sh']) {
      const { status, stderr } = spawnSync('sh', [join(repository, script)], {
        env: { PATH: process.env.PATH },
      });
      assert.equal(status, 1, script);
      assert.match(String(stderr), /PASSWORD is not set/);
    }
  });
});

/** All services, of whatever profile. Version 1 prints YAML, of which JSON is made by the Python that it runs on. */
function config(env: Record<string, string>): Record<string, Service> {
  const yaml = execFileSync('docker-compose', ['-f', join(repository, 'docker-compose.yml'), 'config'], {
    env: { PATH: process.env.PATH, ...env },
    cwd: '/',
  });
  const program = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)';
  const json = execFileSync('/usr/bin/python3', ['-c', program], { input: yaml, encoding: 'utf8' });
  return (JSON.parse(json) as { services: Record<string, Service> }).services;
}
