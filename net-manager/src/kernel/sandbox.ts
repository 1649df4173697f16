import { readFile, stat } from 'node:fs/promises';

/**
 * Names the network namespace that a process began in. The number of a namespace is given to the next one as soon as it
 * is free, also to that of a container which takes the place of the one that has just died: the start of the process is
 * part of the name. All numbers begin anew after a reboot, so the boot is as well.
 * @returns '' when there is no such process
 */
export async function sandboxOf(pid: number): Promise<string> {
  return unlessGone('', async () => {
    const namespace = await namespaceOf(pid);
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()}/${namespace}/${startOf(await readFile(`/proc/${pid}/stat`, 'utf8'))}`;
  });
}

/** Is it in the network namespace that we are in? */
export async function isInOurs(pid: number): Promise<boolean> {
  return unlessGone(false, async () => (await namespaceOf(pid)) === (await namespaceOf('self')));
}

async function unlessGone<R>(gone: R, look: () => Promise<R>): Promise<R> {
  try {
    return await look();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return gone;
    throw error;
  }
}

async function namespaceOf(pid: number | 'self'): Promise<number> {
  return (await stat(`/proc/${pid}/ns/net`)).ino;
}

/** Clock ticks after boot: field 22. The program's name, in parentheses, may hold spaces. */
function startOf(status: string): string {
  return status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
