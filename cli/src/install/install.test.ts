import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { runCli } from '../app.ts';
import type { Io } from '../output/io.ts';
import { needVisible } from './places.ts';

const TOKEN = 'a token with "quotes", $dollars and spaces';
const WORKER = ['worker', '--cluster', '192.0.2.1:10101', '--token', TOKEN];
const CLUSTER = ['cluster', '--root', '192.0.2.1', '--name', 'site1', '--token', TOKEN];
const ALL = [
  ['root', '--admin-password', 'not Admin'],
  CLUSTER,
  WORKER,
  ['net-manager'],
  ['node-engine', ...WORKER.slice(1)],
];

async function hedge(...words: string[]) {
  const done = { code: 0, out: '', err: '' };
  const io: Io = {
    env: {},
    out: text => {
      done.out += text;
    },
    err: text => {
      done.err += text;
    },
    read: async () => '',
    ask: async () => null,
  };
  done.code = await runCli(words, io);
  return done;
}

describe('the files of hedge install', () => {
  let prefix: string;
  beforeEach(() => {
    prefix = mkdtempSync(join(tmpdir(), 'hedgerow-install-'));
  });
  afterEach(() => rmSync(prefix, { recursive: true }));

  /** one for each role: not all may share one */
  const machine = (role = '') => join(prefix, role);
  const install = (words: readonly string[]) => hedge('install', ...words, '--prefix', machine(words[0]));
  const environment = (role: string) => join(machine(role), 'etc/hedgerow', `${role}.env`);
  const unit = (role: string) => join(machine(role), 'etc/systemd/system', `hedgerow-${role}.service`);

  test('are units that systemd’s checker takes, and a file of secrets that only root reads', async t => {
    for (const words of ALL) {
      const role = words[0] ?? '';
      assert.deepEqual((await install(words)).err, '');
      assert.equal(statSync(environment(role)).mode & 0o777, 0o600);
      assert.equal(statSync(unit(role)).mode & 0o777, 0o644);
      assert.doesNotMatch(readFileSync(unit(role), 'utf8'), /@[A-Z_]+@|not Admin|a token with/);
    }
    if (spawnSync('systemd-analyze', ['--version']).status !== 0) return t.skip('needs systemd-analyze');
    const units = ALL.map(([role = '']) => unit(role));
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], { encoding: 'utf8' });
    assert.deepEqual([verified.status, ours(verified.stderr)], [0, []]);
  });

  test('leave little open: exposure by systemd’s own measure, 0 to 10', async t => {
    if (spawnSync('systemd-analyze', ['--version']).status !== 0) return t.skip('needs systemd-analyze');
    const limits = { root: 1.4, cluster: 1.4, worker: 3.9, 'net-manager': 3.9, 'node-engine': 3.2 };
    for (const words of ALL) await install(words);
    for (const [role, limit] of Object.entries(limits)) {
      const flags = ['security', '--offline=yes', '--no-pager', unit(role)];
      const said = execFileSync('systemd-analyze', flags, { encoding: 'utf8' });
      const level = Number(/exposure level for .*: ([\d.]+)/.exec(said)?.[1]);
      assert.ok(level <= limit, `${role}: ${level}`);
    }
  });

  test('again with the same options nothing is written; with others, only what they say', async () => {
    await install(WORKER);
    const before = readFileSync(environment('worker'), 'utf8');
    assert.equal((await install(WORKER)).out, '');
    assert.equal(readFileSync(environment('worker'), 'utf8'), before);
    assert.match((await install(['worker', '--set', 'HEDGEROW_VCPUS=2'])).out, /worker\.env/);
    assert.match((await install(['worker', '--cluster', 'other'])).out, /worker\.env/);
    const after = readFileSync(environment('worker'), 'utf8');
    assert.match(after, /^HEDGEROW_VCPUS="2"$/m);
    assert.match(after, /^HEDGEROW_CLUSTER_ADDRESS="other"$/m);
    assert.match(after, /^HEDGEROW_WORKER_TOKEN="a token with \\"quotes\\", \\\$dollars and spaces"$/m);
    await install(['worker', '--set', 'HEDGEROW_VCPUS=']);
    assert.doesNotMatch(readFileSync(environment('worker'), 'utf8'), /VCPUS/);
  });

  test('--dry-run writes nothing and shows no secret', async () => {
    const { code, out } = await install([...WORKER, '--dry-run']);
    assert.equal(code, 0);
    assert.match(out, /^HEDGEROW_WORKER_TOKEN=\(hidden\)$/m);
    assert.match(out, /^ExecStart=/m);
    assert.ok(!out.includes('dollars'));
    assert.deepEqual(readdirSync(prefix), []);
  });

  test('what is missing or wrong is named, and nothing is written', async () => {
    const wrong: [string[], RegExp][] = [
      [['worker'], /a worker needs --cluster .*HEDGEROW_CLUSTER_ADDRESS.*--token/],
      [['cluster', '--root', 'r', '--name', 'n'], /a cluster needs --token .*ROOT_TOKEN/],
      [['root'], /a root needs --admin-password .*ADMIN_PASSWORD/],
      [[...WORKER, '--name', 'x'], /a worker has no option --name/],
      [[...WORKER, '--set', 'NONSENSE=1'], /--set: "NONSENSE=1".*HEDGEROW_VCPUS/],
      [[...WORKER, '--set', 'HEDGEROW_DATA=/srv'], /HEDGEROW_DATA is set by the unit/],
      [[...WORKER, '--set', 'HEDGEROW_VCPUS=many'], /HEDGEROW_VCPUS is "many"; allowed: a number/],
      [['cluster', '--root', 'r', '--name', 'no good', '--token', 't'], /CLUSTER_NAME is "no good"/],
      [[...WORKER, '--set', 'HEDGEROW_HOSTNAME=two\nlines'], /HEDGEROW_HOSTNAME holds a control character/],
      [['root', '--admin-password', 'Admin'], /listens on 0\.0\.0\.0.*at least 8 characters.*ADMIN_PASSWORD/],
      [['worker', '--cluster', 'a b', '--token', 't'], /HEDGEROW_CLUSTER_ADDRESS is "a b"; allowed: a host/],
      [['cluster', '--root', 'a b', '--name', 'n', '--token', 't'], /SYSTEM_MANAGER_URL is "a b"; allowed/],
      [[...CLUSTER, '--host', 'http://x'], /CLUSTER_HOST is "http:/],
      [['something'], /Allowed choices are root, cluster, worker/],
    ];
    for (const [words, message] of wrong) {
      const { code, err } = await install(words);
      assert.match(err, message);
      assert.equal(code, 2, err);
      assert.deepEqual(readdirSync(prefix), []);
    }
  });

  test('a file that cannot be written leaves the other as it was', async () => {
    mkdirSync(unit('worker'), { recursive: true });
    const { code, err } = await install(WORKER);
    assert.match(err, /hedgerow-worker\.service.*nothing was changed/);
    assert.equal(code, 1);
    assert.ok(!existsSync(environment('worker')));
  });

  test('uninstall removes what install wrote and no more; again it says that there is nothing', async () => {
    for (const words of ALL) await install(words);
    for (const [role = ''] of ALL) {
      const uninstall = () => hedge('uninstall', role, '--prefix', machine(role));
      assert.match((await uninstall()).out, /^removed .*\.env\nremoved .*\.service\n$/);
      assert.deepEqual(readdirSync(join(machine(role), 'etc')), ['systemd']);
      assert.deepEqual(readdirSync(join(machine(role), 'etc/systemd/system')), []);
      assert.match((await uninstall()).out, new RegExp(`no ${role} is installed`));
    }
  });

  test('a worker and its parts are not installed side by side', async () => {
    const to = ['--prefix', prefix];
    await hedge('install', ...WORKER, ...to);
    const { code, err } = await hedge('install', 'net-manager', ...to);
    assert.match(err, /a net-manager and a worker cannot be on one machine: hedge uninstall worker/);
    assert.equal(code, 5);
    assert.deepEqual(readdirSync(join(prefix, 'etc/hedgerow')), ['worker.env']);
  });

  test('without systemd it says what else there is', async t => {
    if (existsSync('/run/systemd/system')) return t.skip('systemd runs here');
    const { code, err } = await hedge('install', ...WORKER);
    assert.match(err, /systemd does not run here.*--prefix.*hedge worker/s);
    assert.equal(code, 5);
    assert.ok(!existsSync('/etc/hedgerow/worker.env'));
  });
});

test('an installation that its services could not see is refused', () => {
  const opt = { installation: '/opt/hedgerow', node: '/opt/hedgerow/node' };
  needVisible(opt);
  needVisible({ ...opt, installation: '/tmpfiles/hedgerow' });
  for (const place of [{ installation: '/tmp/hedgerow' }, { node: '/var/tmp/node' }])
    assert.throws(() => needVisible({ ...opt, ...place }), /cannot see .*Move the installation/);
});

/** The checker also reads the units of this machine's packages, which it has opinions on. */
function ours(text: string): string[] {
  return text.split('\n').filter(line => line.includes('hedgerow'));
}
