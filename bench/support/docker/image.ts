/** The image that both arms of a comparison run: busybox and the links to the applets that the programs use. */
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { run } from '../exec.ts';

export const BENCH_IMAGE = 'hedgerow/bench:1';
const APPLETS = ['sh', 'cat', 'sleep', 'httpd', 'wget', 'true'];

/** Imports the image into the Engine behind `socketPath`; importing it again replaces it. */
export async function importBenchImage(socketPath: string): Promise<void> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'hedgerow-bench-image-'));
  try {
    await fillRoot(path.join(dir, 'root'));
    await run(['tar', '-C', path.join(dir, 'root'), '-cf', path.join(dir, 'image.tar'), '.']);
    await run(['docker', '-H', `unix://${socketPath}`, 'import', path.join(dir, 'image.tar'), BENCH_IMAGE]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function fillRoot(root: string): Promise<void> {
  for (const folder of ['bin', 'tmp', 'www']) await mkdir(path.join(root, folder), { recursive: true });
  await copyFile('/bin/busybox', path.join(root, 'bin/busybox'));
  for (const applet of APPLETS) await symlink('busybox', path.join(root, 'bin', applet));
}
