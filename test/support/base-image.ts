/**
 * Stand-ins for images that only a registry has, made of Debian's own packages. `node:26-bookworm-slim` is a Debian 12
 * with `node` in /usr/local/bin and a user `node`; this one also has what a worker and a machine with systemd need.
 */
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exec, unmountBelow } from '@hedgerow/cli';
import { withoutRoot } from './requirements.ts';

const repository = join(import.meta.dirname, '../..');
/** Outside of what is tracked, and kept from one run to the next. */
const CACHE = join(repository, 'node_modules/.cache/hedgerow');
const MIRROR = process.env.DEBIAN_MIRROR || 'http://deb.debian.org/debian';
const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'nftables',
  'iproute2',
  'conntrack',
  'busybox-static',
  'libatomic1',
];
export const BASE_IMAGE = 'node:26-bookworm-slim';

/** For the `skip` of a test. */
export function withoutDebootstrap(): string | false {
  return existsSync('/usr/sbin/debootstrap') ? false : 'needs Debian’s package debootstrap';
}

/** Gives an Engine this image: some seconds, where the archive is there. */
export async function importBaseImage(socket: string, name = BASE_IMAGE): Promise<void> {
  const changes = ['ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'CMD ["node"]'];
  const flags = changes.flatMap(change => ['--change', change]);
  await exec('docker', ['-H', `unix://${socket}`, 'import', ...flags, await baseArchive(), name]);
}

/** A minute and a half at the first time on a machine. @returns the file system, a tar file */
async function baseArchive(): Promise<string> {
  const archive = join(CACHE, `bookworm-node-${process.versions.node}-${PACKAGES.join('-')}.tar`);
  if (existsSync(archive)) return archive;
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, 'making-'));
  try {
    const root = join(work, 'root');
    const include = `--include=${PACKAGES.join(',')}`;
    await exec('debootstrap', ['--variant=minbase', include, 'bookworm', root, MIRROR]);
    await addNode(root);
    await Promise.all(
      ['var/cache/apt/archives', 'var/lib/apt/lists'].map(folder =>
        rm(join(root, folder), { recursive: true, force: true }),
      ),
    );
    await exec('tar', ['-C', root, '-cf', join(work, 'tar'), '.']);
    await rename(join(work, 'tar'), archive);
  } finally {
    await unmountBelow(work);
    await rm(work, { recursive: true, force: true });
  }
  return archive;
}

async function addNode(root: string): Promise<void> {
  const node = join(root, 'usr/local/bin/node');
  await mkdir(dirname(node), { recursive: true });
  await copyFile(process.execPath, node);
  await chmod(node, 0o755);
  await symlink('node', join(dirname(node), 'nodejs'));
  await exec('chroot', [root, 'useradd', '--uid', '1000', '--create-home', '--shell', '/bin/sh', 'node']);
  await writeFile(join(root, 'etc/machine-id'), '');
}

/** As a program: makes the archive, so that a run of all tests does not wait for it when it comes to the images. */
if (import.meta.main && withoutDebootstrap() === false && withoutRoot() === false) await baseArchive();
