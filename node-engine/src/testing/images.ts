import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';

const APPLETS =
  'sh cat cut echo env exit grep head id ip kill ls printenv readlink rm sleep tail test touch tr true wc'.split(
    ' ',
  );

export interface ImageRecipe {
  name: string;
  /** Dockerfile instructions */
  changes: string[];
  /** path → text of an executable script */
  scripts?: Record<string, string>;
  /** false = nothing but `/app/sleep`, a static program */
  shell?: boolean;
}

/** Makes an image of busybox without any registry, as `docker import` does. */
export async function makeImage(docker: Docker, recipe: ImageRecipe): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'hedgerow-image-'));
  try {
    fill(root, recipe);
    const tar = execFileSync('tar', ['-C', root, '-c', '.'], { maxBuffer: 64 * 1024 * 1024 });
    const [repo, tag] = recipe.name.split(':');
    const progress = await docker.importImage(Readable.from([tar]), { repo, tag, changes: recipe.changes });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(progress, error => (error ? reject(error) : resolve()));
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}

function fill(root: string, recipe: ImageRecipe): void {
  for (const folder of ['bin', 'etc', 'tmp', 'app', 'proc', 'sys', 'dev']) mkdirSync(join(root, folder));
  chmodSync(join(root, 'tmp'), 0o1777);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\napp:x:1000:1000::/tmp:/bin/sh\n');
  if (recipe.shell === false) {
    cpSync('/bin/busybox', join(root, 'app/sleep'), { dereference: true });
    return;
  }
  cpSync('/bin/busybox', join(root, 'bin/busybox'), { dereference: true });
  for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
  for (const [path, text] of Object.entries(recipe.scripts ?? {})) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode: 0o755 });
  }
}
