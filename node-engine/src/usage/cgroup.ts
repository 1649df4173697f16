/** Usage of a container straight from its cgroup's files: two small reads, no question to Docker. */
import { readFileSync } from 'node:fs';

export interface Usage {
  /** s of CPU time, all cores, since the container started */
  cpu: number;
  /** bytes, without the page cache that the kernel can drop */
  memory: number;
}

export interface CgroupFiles {
  version: 1 | 2;
  /** directories */
  cpu: string;
  memory: string;
}

/**
 * @param text of /proc/<pid>/cgroup: `4:memory:/docker/…` per controller (v1), `0::/system.slice/…` (v2). A hybrid
 *   machine has both; what counts is where the controllers are.
 */
export function cgroupFiles(text: string, root = '/sys/fs/cgroup'): CgroupFiles | null {
  const lines = text
    .split('\n')
    .filter(line => line.includes(':'))
    .map(splitLine);
  const of = (controller: string) => lines.find(line => line.controllers.includes(controller))?.path;
  const [cpu, memory] = [of('cpuacct'), of('memory')];
  if (cpu !== undefined && memory !== undefined) {
    return { version: 1, cpu: `${root}/cpuacct${cpu}`, memory: `${root}/memory${memory}` };
  }
  const unified = lines.find(line => line.controllers[0] === '')?.path;
  return unified === undefined ? null : { version: 2, cpu: root + unified, memory: root + unified };
}

/** @returns null when the process or its cgroup is gone */
export function findCgroup(pid: number): CgroupFiles | null {
  const text = readText(`/proc/${pid}/cgroup`);
  return text === null ? null : cgroupFiles(text);
}

/** @returns null when the cgroup is gone */
export function readUsage(files: CgroupFiles): Usage | null {
  const { version, cpu, memory } = files;
  const time = readText(version === 1 ? `${cpu}/cpuacct.usage` : `${cpu}/cpu.stat`);
  const used = readText(version === 1 ? `${memory}/memory.usage_in_bytes` : `${memory}/memory.current`);
  const stat = readText(`${memory}/memory.stat`);
  if (time === null || used === null || stat === null) return null;
  const cache = field(stat, version === 1 ? 'total_inactive_file' : 'inactive_file');
  const seconds = version === 1 ? Number(time) / 1e9 : field(time, 'usage_usec') / 1e6;
  return { cpu: seconds, memory: Math.max(0, Number(used) - cache) };
}

function splitLine(line: string): { controllers: string[]; path: string } {
  const [, controllers = '', ...path] = line.split(':');
  return { controllers: controllers.split(','), path: path.join(':').replace(/\/$/, '') };
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

/** These files vanish with their process at any moment. */
function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'ESRCH') return null;
    throw error;
  }
}
