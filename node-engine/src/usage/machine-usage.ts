import type { InformationPayload } from '@hedgerow/protos';
import { type CpuTimes, cpuPercent, cpuTimes } from '../host/cpu.ts';
import { memory, memoryPercent } from '../host/memory.ts';

/** What the machine as a whole has left; told when it has changed noticeably. */
export class MachineUsage {
  readonly #vcpus: number;
  readonly #noticeable: number;
  #times: CpuTimes = cpuTimes();
  #told: InformationPayload | null = null;

  /** @param vcpus cores offered. @param noticeable percentage points that are worth a message */
  constructor(vcpus: number, noticeable: number) {
    this.#vcpus = vcpus;
    this.#noticeable = noticeable;
  }

  #now(): InformationPayload {
    const times = cpuTimes();
    const free = memory();
    const information = {
      cpu_percent: cpuPercent(this.#times, times),
      memory_percent: memoryPercent(free),
      memory: free.available,
      vcpus: this.#vcpus,
    };
    this.#times = times;
    return information;
  }

  /** @param anew whatever was told before. @returns null when nothing has changed noticeably since it was told */
  changed(anew = false): InformationPayload | null {
    const now = this.#now();
    if (!anew && this.#told && !this.#differs(this.#told, now)) return null;
    this.#told = now;
    return now;
  }

  #differs(told: InformationPayload, now: InformationPayload): boolean {
    const moved = (key: 'cpu_percent' | 'memory_percent') =>
      Math.abs(told[key] - now[key]) >= this.#noticeable;
    return moved('cpu_percent') || moved('memory_percent');
  }
}
