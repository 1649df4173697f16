import type { JobPayload } from '@hedgerow/protos';

interface Known {
  jobName: string;
  number: number;
  status: string;
  restarts: number;
}

/** Ends and failed starts, as they are told to the cluster. The same report may come several times. */
export class Restarts {
  readonly #known = new Map<string, Known>();
  #total = 0;

  /** of all instances that there ever were */
  get total(): number {
    return this.#total;
  }

  reported({ sname, instance, status }: Pick<JobPayload, 'sname' | 'instance' | 'status'>): void {
    const key = `${sname}/${instance}`;
    if (status === 'UNDEPLOYED') {
      this.#known.delete(key);
      return;
    }
    const before = this.#known.get(key);
    const again = status === 'FAILED' && before?.status !== status;
    const restarts = (before?.restarts ?? 0) + (again ? 1 : 0);
    if (again) this.#total += 1;
    this.#known.set(key, { jobName: sname, number: instance, status, restarts });
  }

  all(): Iterable<Readonly<Known>> {
    return this.#known.values();
  }
}
