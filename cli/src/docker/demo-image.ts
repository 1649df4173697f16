import { readFile } from 'node:fs/promises';
import { exec } from '../system/exec.ts';
import { DockerError, docker } from './http.ts';
import { type TarEntry, tar } from './tar.ts';

export const DEMO_IMAGE = 'hedgerow/demo:1';
const BUSYBOX = '/bin/busybox';

/** Answers HTTP on port 80 with one line: host name and the instance's own address. Prints each request. */
export const SERVE = `#!/bin/sh
address=$(ip -4 -o addr show scope global | awk '{ sub("/.*", "", $4); print $4; exit }')
mkdir -p /tmp/www
echo "$(hostname) $address" > /tmp/www/index.html
echo "$(hostname) at $address answers HTTP on port \${PORT:-80}"
exec httpd -f -vv -p "\${PORT:-80}" -h /tmp/www 2>&1
`;

export interface DemoImageOptions {
  name?: string;
  /** dockerfile instructions that change the image: `USER 65534`, `CMD ["sh"]` */
  changes?: string[];
  /** static busybox of this machine's architecture */
  busybox?: string;
}

/**
 * Makes the demo's image out of Debian's busybox-static: a shell, httpd, wget, nc, ip. Needs no registry.
 * @returns false when the Engine has an image of this name, which is left as it is
 */
export async function ensureDemoImage(socket: string, options: DemoImageOptions = {}): Promise<boolean> {
  const name = options.name ?? DEMO_IMAGE;
  if (await hasImage(socket, name)) return false;
  const changes = ['CMD ["/bin/serve"]', 'ENV PATH=/bin', ...(options.changes ?? [])];
  const query = new URLSearchParams([
    ['fromSrc', '-'],
    ['repo', name.slice(0, name.lastIndexOf(':'))],
    ['tag', name.slice(name.lastIndexOf(':') + 1)],
    ...changes.map(change => ['changes', change]),
  ]);
  const body = tar(await files(options.busybox ?? BUSYBOX));
  const answer = await docker(socket, { method: 'POST', path: `/images/create?${query}`, body });
  if (answer.includes('"error"')) throw new Error(`the image ${name} was not made: ${answer}`);
  return true;
}

export async function hasImage(socket: string, name: string): Promise<boolean> {
  try {
    await docker(socket, { method: 'GET', path: `/images/${name}/json` });
    return true;
  } catch (error) {
    if (error instanceof DockerError && error.status === 404) return false;
    throw error;
  }
}

/** Unknown is fine; one that a container of somebody else uses stays. */
export async function removeImage(socket: string, name: string): Promise<void> {
  try {
    await docker(socket, { method: 'DELETE', path: `/images/${name}` });
  } catch (error) {
    if (!(error instanceof DockerError) || ![404, 409].includes(error.status)) throw error;
  }
}

async function files(busybox: string): Promise<TarEntry[]> {
  const applets = (await exec(busybox, ['--list'])).split('\n').filter(name => name && name !== 'busybox');
  return [
    ...['bin', 'etc', 'proc', 'sys', 'dev'].map(name => ({ name, type: 'folder', mode: 0o755 }) as const),
    { name: 'tmp', type: 'folder', mode: 0o1777 },
    { name: 'bin/busybox', type: 'file', mode: 0o755, content: await readFile(busybox) },
    ...applets.map(name => ({ name: `bin/${name}`, type: 'link', target: 'busybox' }) as const),
    { name: 'bin/serve', type: 'file', mode: 0o755, content: SERVE },
    {
      name: 'etc/passwd',
      type: 'file',
      mode: 0o644,
      content: 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n',
    },
    { name: 'etc/group', type: 'file', mode: 0o644, content: 'root:x:0:\nnobody:x:65534:\n' },
  ];
}
