import { type Collection, type Document, put, type Store, update } from '@hedgerow/common';
import type { DeployPayload } from '@hedgerow/protos';
import type { Wanted } from './decide.ts';

/** One instance that this worker has to run; the id is its key. */
interface DesiredDocument extends Document {
  deploy: DeployPayload;
  completed: boolean;
}

export interface Desired {
  deploy: DeployPayload;
  completed: boolean;
}

/** Job name and number: what is unique among the instances of a worker. */
export function keyOf(jobName: string, instanceNumber: number): string {
  return `${jobName}/${instanceNumber}`;
}

export function wantedOf(desired: Desired): Wanted {
  const { service_id, generation, epoch, one_shot } = desired.deploy;
  return { service_id, generation, epoch, one_shot, completed: desired.completed };
}

/** What the worker has to run, on disk: a machine that starts with no link runs what it last had. */
export class DesiredStore {
  readonly #documents: Collection<DesiredDocument>;

  constructor(store: Store) {
    this.#documents = store.collection<DesiredDocument>('desired', []);
  }

  async all(): Promise<Desired[]> {
    return this.#documents.find();
  }

  async save(deploy: DeployPayload): Promise<Desired> {
    return put(this.#documents, {
      id: keyOf(deploy.job_name, deploy.instance_number),
      deploy,
      completed: false,
    });
  }

  async complete(key: string): Promise<void> {
    await update(this.#documents, key, current => ({ ...current, completed: true }));
  }

  async forget(key: string): Promise<void> {
    await this.#documents.remove(key);
  }
}
