/**
 * `hedge install` and `hedge uninstall` on a machine where systemd is process 1: a container with a network of its own.
 * The files that they write are looked at in `cli/src/install/install.test.ts`.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  createMachines,
  exec,
  type Machine,
  openRun,
  type ProgramError,
  type Run,
  sweep,
  tearDown,
} from '@hedgerow/cli';
import { BASE_IMAGE, importBaseImage, withoutDebootstrap } from '../support/base-image.ts';
import { copyWithBundles } from '../support/composition.ts';
import { startDockerIn } from '../support/docker-machine.ts';
import { eventually } from '../support/eventually.ts';
import { withoutRoot } from '../support/requirements.ts';

const PASSWORD = 'not Admin';
/** Settings of the kernel are the whole machine's, but for those of the network: they stay as they are. */
const INIT = ['/lib/systemd/systemd', 'systemd.mask=systemd-sysctl.service'];

describe('hedge install where systemd runs', { skip: withoutRoot() || withoutDebootstrap() }, () => {
  let run: Run;
  let socket: string;

  before(async () => {
    await sweep();
    run = openRun();
    const [machine] = (await createMachines(run, ['site'])) as [Machine];
    socket = await startDockerIn(run, machine);
    await Promise.all([importBaseImage(socket), copyWithBundles(join(run.dir, 'compose'))]);
    await boot();
  });
  after(async () => {
    if (run) await tearDown(run);
  });

  /** Without a network of its own but loopback; all rights that the sandbox around it may have. */
  async function boot(): Promise<void> {
    const rights = [
      ...[
        '--cap-add=ALL',
        '--cap-drop=SYS_RESOURCE',
        '--cgroupns=host',
        '-v',
        '/sys/fs/cgroup:/sys/fs/cgroup:ro',
      ],
      ...['seccomp', 'apparmor', 'systempaths'].flatMap(name => ['--security-opt', `${name}=unconfined`]),
    ];
    const places = ['/run', '/run/lock', '/tmp'].flatMap(path => ['--tmpfs', path]);
    const mounts = ['-v', `${join(run.dir, 'compose')}:/opt/hedgerow:ro`, '-v', `${socket}:/srv/docker.sock`];
    const flags = [
      '--name',
      'machine',
      '--network=none',
      '-e',
      'container=docker',
      '--stop-signal=SIGRTMIN+3',
    ];
    await docker('run', '-d', '-t', ...flags, ...rights, ...places, ...mounts, BASE_IMAGE, ...INIT);
    const state = () => shell('systemctl is-system-running || true');
    await eventually('systemd has booted', state, text => /running|degraded/.test(text), { timeout: 30_000 });
    assert.match(await shell('systemctl show -P LoadState systemd-sysctl'), /masked/);
    await shell('ln -s /opt/hedgerow/cli/bin/hedge.js /usr/local/bin/hedge');
  }

  const docker = (...words: string[]) => exec('docker', ['-H', `unix://${socket}`, ...words]);
  const shell = (command: string) => docker('exec', 'machine', 'sh', '-c', command);
  const property = async (role: string, name: string) =>
    (await shell(`systemctl show -P ${name} hedgerow-${role}`)).trim();

  const workers = () =>
    shell(
      `node -e "fetch('http://127.0.0.1:10100/api/workers', { headers: { authorization: 'Bearer ' + process.argv[1] } })
         .then(async answer => console.log(await answer.text()))" "$(hedge token worker)"`,
    );

  it('starts a root, a cluster and a worker, each from one command', async () => {
    assert.match(
      await shell(`ADMIN_PASSWORD='${PASSWORD}' hedge install root --host 127.0.0.1`),
      /hedgerow-root.service runs/,
    );
    await eventually('the token is there', () => shell('hedge token cluster'), Boolean, { timeout: 10_000 });
    await shell('ROOT_TOKEN=$(hedge token cluster) hedge install cluster --root 127.0.0.1 --name site1');
    await shell(
      'hedge install worker --cluster localhost --token $(hedge token worker) --set HEDGEROW_DOCKER_SOCKET=/srv/docker.sock',
    );
    for (const role of ['root', 'cluster', 'worker']) {
      assert.equal(await property(role, 'ActiveState'), 'active');
      assert.equal(await property(role, 'UnitFileState'), 'enabled');
    }
    await eventually('the worker is live', workers, text => /"state":"live"/.test(text), { timeout: 30_000 });
  });

  it('runs each with no more rights than it needs, and its network stands', async () => {
    const status = async (role: string) => shell(`cat /proc/${await property(role, 'MainPID')}/status`);
    for (const role of ['root', 'cluster']) {
      assert.match(await status(role), /^CapEff:\s+0+$/m);
      assert.doesNotMatch(await status(role), /^Uid:\s+0\s/m);
    }
    assert.match(await shell('nft list ruleset'), /hedge/);
    assert.match(await shell('ip -o link'), /hedge|vxlan/);
    const secrets = await shell(
      'grep -rl "$(hedge token worker)" /etc /proc/[0-9]*/cmdline 2>/dev/null || true',
    );
    assert.equal(secrets.trim(), '/etc/hedgerow/worker.env');
    assert.equal((await shell('stat -c %a:%U /etc/hedgerow/worker.env')).trim(), '600:root');
  });

  it('may enter the network namespace of a container under the unit’s restrictions', async () => {
    await shell('unshare -n sleep 300 >/dev/null 2>&1 & echo $! > /run/other.pid; sleep 0.3');
    await shell(
      `sed 's#^ExecStart=.*#ExecStart=/usr/bin/sh -c "nsenter --net=/proc/$(cat /run/other.pid)/ns/net ip link add probe0 type veth peer name probe1"#;
            /^Restart/d; s/^StateDirectory=.*//; s/^\\[Service\\]/[Service]\\nType=oneshot/' /etc/systemd/system/hedgerow-worker.service > /run/systemd/system/probe.service
       systemctl daemon-reload && systemctl start probe.service || { journalctl -u probe.service --no-pager -o cat >&2; false; }`,
    );
    assert.match(await shell('nsenter --net=/proc/$(cat /run/other.pid)/ns/net ip -o link'), /probe0/);
  });

  it('does nothing when nothing changed, and starts anew what did', async () => {
    const before = await property('worker', 'MainPID');
    assert.match(await shell('hedge install worker'), /unchanged/);
    assert.equal(await property('worker', 'MainPID'), before);
    await shell('hedge install worker --set HEDGEROW_HOSTNAME=renamed');
    assert.notEqual(await property('worker', 'MainPID'), before);
    await eventually('it has its new name', workers, text => /"host":"renamed".*"state":"live"/.test(text), {
      timeout: 20_000,
    });
  });

  it('starts again what was killed', async () => {
    for (const role of ['root', 'worker']) await shell(`systemctl kill -s KILL hedgerow-${role}`);
    const active = async () => [await property('root', 'NRestarts'), await property('worker', 'NRestarts')];
    await eventually('both were started again', active, counts => counts.every(count => Number(count) > 0));
    await eventually('the worker is live', workers, text => /"state":"live"/.test(text), { timeout: 20_000 });
  });

  it('refuses a host that nobody knows, and shows what a service says that cannot start', async () => {
    await assert.rejects(
      shell('hedge install worker --cluster nowhere.invalid'),
      /nowhere\.invalid is not known here/,
    );
    assert.match(await shell('cat /etc/hedgerow/worker.env'), /"localhost"/);
    await assert.rejects(shell('hedge install cluster --set MY_PORT=10000'), (error: ProgramError) => {
      assert.match(error.message, /does not keep running/);
      assert.match(error.message, /10000 is in use/);
      return true;
    });
    await shell('hedge install cluster --set MY_PORT=10100');
    await assert.rejects(
      shell('hedge install net-manager'),
      /a net-manager and a worker cannot be on one machine/,
    );
  });

  it('uninstall leaves the data, and a later install takes it over', async () => {
    const [id] = /"id":"[0-9a-f]{24}"/.exec(await workers()) ?? [];
    await shell('hedge uninstall worker');
    assert.equal((await shell('ls /etc/hedgerow')).trim(), 'cluster.env\nroot.env');
    assert.match(await shell('nft list ruleset'), /hedge/);
    await shell(
      'hedge install worker --cluster 127.0.0.1 --token $(hedge token worker) --set HEDGEROW_DOCKER_SOCKET=/srv/docker.sock',
    );
    await eventually(
      'it is the same worker',
      workers,
      text => text.includes(`${id}`) && /"state":"live"/.test(text),
      {
        timeout: 20_000,
      },
    );
  });

  it('starts a worker of two parts as well', async () => {
    await shell('hedge uninstall worker --purge');
    await shell('hedge install net-manager');
    await shell(
      'hedge install node-engine --cluster 127.0.0.1 --token $(hedge token worker) --set HEDGEROW_HOSTNAME=parted --set HEDGEROW_DOCKER_SOCKET=/srv/docker.sock',
    );
    const live = /"host":"parted","state":"live"[^{]*"overlay":true/;
    await eventually('it is live', workers, text => live.test(text), { timeout: 20_000 });
    for (const role of ['node-engine', 'net-manager']) await shell(`hedge uninstall ${role} --purge`);
  });

  it('uninstall --purge leaves nothing', async () => {
    for (const role of ['cluster', 'root']) await shell(`hedge uninstall ${role} --purge`);
    const left = 'find /etc /var/lib /run/systemd -iname "*hedgerow*" | grep -v /sys/ || true';
    assert.equal((await shell(left)).trim(), '');
    assert.doesNotMatch(await shell('nft list ruleset; ip -o link'), /hedge|vxlan/);
  });
});
