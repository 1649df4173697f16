import type { InformationPayload } from '@hedgerow/protos';
import { type CpuTimes, cpuPercent, cpuTimes } from '../host/cpu.ts';
import { memory, memoryPercent } from '../host/memory.ts';

/** Percentage points that are worth a message. */
const NOTICEABLE = 10;

/** What the machine as a whole has left; told when it has changed noticeably. */
export class MachineUsage {
  readonly #vcpus: number;
  #times: CpuTimes = cpuTimes();
  #told: InformationPayload | null = null;

  /** @param vcpus cores offered */
  constructor(vcpus: number) {
    this.#vcpus = vcpus;
  }

  now(): InformationPayload {
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

  /** The next `changed` compares with this. */
  told(information: InformationPayload): InformationPayload {
    this.#told = information;
    return information;
  }

  /** @returns null when nothing has changed noticeably */
  changed(): InformationPayload | null {
    const now = this.now();
    const told = this.#told;
    const noticeable =
      !told ||
      Math.abs(told.cpu_percent - now.cpu_percent) >= NOTICEABLE ||
      Math.abs(told.memory_percent - now.memory_percent) >= NOTICEABLE;
    return noticeable ? this.told(now) : null;
  }
}
