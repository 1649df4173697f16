import { type Collection, type Document, put, type Store, update } from '@hedgerow/common';
import type { DeployPayload } from '@hedgerow/protos';
import type { Wanted } from './decide.ts';

/** The last that is said of an instance that is not run again. */
export interface Ended {
  status: 'COMPLETED' | 'DEAD';
  detail: string;
  /** its last lines */
  logs: string;
}

/** One instance that this worker has to run; the id is its key. */
interface DesiredDocument extends Document {
  deploy: DeployPayload;
  /** set without `ended` by versions that knew nothing but one-shots */
  completed: boolean;
  ended?: Ended | null;
  passed?: string;
}

export interface Desired {
  deploy: DeployPayload;
  /** null = it has to run */
  ended: Ended | null;
  /** the process that has passed the health check, as `processOf` names it; "" = none */
  passed: string;
}

/** Job name and number: what is unique among the instances of a worker. */
export function keyOf(jobName: string, instanceNumber: number): string {
  return `${jobName}/${instanceNumber}`;
}

/** A container that is started again by hand is another process. */
export function processOf({ container, pid }: { container: string; pid: number }): string {
  return `${container}/${pid}`;
}

export function wantedOf(desired: Desired): Wanted {
  const { service_id, generation, epoch, one_shot } = desired.deploy;
  return { service_id, generation, epoch, one_shot, ended: desired.ended !== null };
}

/** What the worker has to run, on disk: a machine that starts with no link runs what it last had. */
export class DesiredStore {
  readonly #documents: Collection<DesiredDocument>;

  constructor(store: Store) {
    this.#documents = store.collection<DesiredDocument>('desired', []);
  }

  async all(): Promise<Desired[]> {
    return (await this.#documents.find()).map(desiredOf);
  }

  async save(deploy: DeployPayload): Promise<Desired> {
    const id = keyOf(deploy.job_name, deploy.instance_number);
    return desiredOf(await put(this.#documents, { id, deploy, completed: false }));
  }

  /** Neither a restart of the engine nor one of the machine starts it again. */
  async end(key: string, ended: Ended): Promise<void> {
    await update(this.#documents, key, current => ({ ...current, completed: true, ended }));
  }

  async pass(key: string, process: string): Promise<void> {
    await update(this.#documents, key, current => ({ ...current, passed: process }));
  }

  async forget(key: string): Promise<void> {
    await this.#documents.remove(key);
  }
}

const COMPLETED: Ended = { status: 'COMPLETED', detail: 'exited with code 0', logs: '' };

function desiredOf({ deploy, completed, ended, passed }: DesiredDocument): Desired {
  return { deploy, ended: ended ?? (completed ? COMPLETED : null), passed: passed ?? '' };
}
