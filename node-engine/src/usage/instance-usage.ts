import type { ResourcesPayload } from '@hedgerow/protos';
import type { Slot } from '../instances/slot.ts';
import { type CgroupFiles, findCgroup, readUsage, type Usage } from './cgroup.ts';

export type ServiceUsage = ResourcesPayload['services'][number];

interface Sampled {
  pid: number;
  files: CgroupFiles;
  usage: Usage;
  /** s, monotonic */
  at: number;
  /** what the cluster was told last */
  told: { cpu: number; memory: number } | null;
}

export interface MachineSize {
  cores: number;
  /** MiB */
  memory: number;
}

/** Remembers the last sample of every container and answers only what has changed noticeably since it was told. */
export class InstanceUsage {
  readonly #size: MachineSize;
  readonly #noticeable: number;
  readonly #samples = new Map<string, Sampled>();

  /** @param noticeable percentage points that are worth a message */
  constructor(size: MachineSize, noticeable: number) {
    this.#size = size;
    this.#noticeable = noticeable;
  }

  /** @param at s, monotonic */
  changed(slots: readonly Slot[], at: number): ServiceUsage[] {
    const keys = new Set(slots.map(slot => slot.key));
    for (const key of this.#samples.keys()) if (!keys.has(key)) this.#samples.delete(key);
    return slots.map(slot => this.#sample(slot, at)).filter(usage => usage !== null);
  }

  #sample(slot: Slot, at: number): ServiceUsage | null {
    const pid = slot.seen?.pid ?? 0;
    const known = this.#samples.get(slot.key);
    const files = known?.pid === pid ? known.files : findCgroup(pid);
    const usage = files && readUsage(files);
    if (!files || !usage) return null;
    if (known?.pid !== pid) {
      this.#samples.set(slot.key, { pid, files, usage, at, told: null });
      return null;
    }
    const percent = {
      cpu: ((usage.cpu - known.usage.cpu) / (at - known.at) / this.#size.cores) * 100,
      memory: (usage.memory / (this.#size.memory * 1024 * 1024)) * 100,
    };
    const noticeable = isNoticeable(known.told, percent, this.#noticeable);
    this.#samples.set(slot.key, { ...known, usage, at, told: noticeable ? percent : known.told });
    return noticeable ? describe(slot, percent) : null;
  }
}

function isNoticeable(told: Sampled['told'], now: { cpu: number; memory: number }, points: number): boolean {
  if (!told) return true;
  return Math.abs(told.cpu - now.cpu) >= points || Math.abs(told.memory - now.memory) >= points;
}

/** Strings, as in Oakestra; the log comes with FAILED and DEAD, and disk usage would need a question to Docker. */
function describe(slot: Slot, percent: { cpu: number; memory: number }): ServiceUsage {
  return {
    job_name: slot.jobName,
    service_id: slot.report.service_id,
    instance: slot.number,
    cpu_percent: percent.cpu.toFixed(2),
    memory_percent: percent.memory.toFixed(2),
    disk: '0',
    logs: '',
    virtualization: slot.desired?.deploy.virtualization ?? 'docker',
  };
}
