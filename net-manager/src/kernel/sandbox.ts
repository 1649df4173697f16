import { readFile, stat } from 'node:fs/promises';

/**
 * Names the network namespace that a process is in. Numbers of namespaces and processes are used again after a
 * reboot, so the boot is part of the name.
 * @returns '' when there is no such process
 */
export async function sandboxOf(pid: number | 'self'): Promise<string> {
  try {
    const { ino } = await stat(`/proc/${pid}/ns/net`);
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()}/${ino}`;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
}
