import { type Collection, type Document, put, type Store, update } from '@hedgerow/common';
import type { DeployPayload } from '@hedgerow/protos';
import { compareCommand, type Wanted } from './decide.ts';

/** The last that is said of an instance that is not run again. */
export interface Ended {
  status: 'COMPLETED' | 'DEAD';
  detail: string;
  /** its last lines */
  logs: string;
}

/** Ends and failed starts in a row, of an instance whose restarts are limited. */
export interface Tried {
  count: number;
  /** container of the last one; "" = it was not made */
  container: string;
}

/** One instance that this worker has to run; the id is its key. */
interface DesiredDocument extends Document {
  deploy: DeployPayload;
  /** set without `ended` by versions that knew nothing but one-shots */
  completed: boolean;
  ended?: Ended | null;
  passed?: string;
  tried?: Tried;
}

export interface Desired {
  deploy: DeployPayload;
  /** null = it has to run */
  ended: Ended | null;
  /** the process that has passed the health check, as `processOf` names it; "" = none */
  passed: string;
  tried: Tried;
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
  async end(of: DeployPayload, ended: Ended): Promise<void> {
    await this.#note(of, { completed: true, ended });
  }

  async pass(of: DeployPayload, process: string): Promise<void> {
    await this.#note(of, { passed: process });
  }

  async try(of: DeployPayload, tried: Tried): Promise<void> {
    await this.#note(of, { tried });
  }

  async forget(key: string): Promise<void> {
    await this.#documents.remove(key);
  }

  /** What became of one order is nothing to the order that has taken its place meanwhile. */
  async #note(of: DeployPayload, change: Partial<DesiredDocument>): Promise<void> {
    await update(this.#documents, keyOf(of.job_name, of.instance_number), current =>
      compareCommand(current.deploy, of) === 'same' ? { ...current, ...change } : null,
    );
  }
}

const COMPLETED: Ended = { status: 'COMPLETED', detail: 'exited with code 0', logs: '' };

const UNTRIED: Tried = { count: 0, container: '' };

function desiredOf({ deploy, completed, ended, passed, tried }: DesiredDocument): Desired {
  const last = ended ?? (completed ? COMPLETED : null);
  return { deploy, ended: last, passed: passed ?? '', tried: tried ?? UNTRIED };
}
