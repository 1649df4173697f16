import type { DeployPayload } from '@hedgerow/protos';
import type { LogLine } from '../logs/lines.ts';

/** A container of this worker by its labels alone. */
export interface Listed {
  /** the runtime's own id */
  container: string;
  service_id: string;
  job_name: string;
  instance_number: number;
  generation: number;
  epoch: number;
}

/** A container of this worker as the runtime sees it. */
export interface Observed extends Listed {
  name: string;
  /** created = its program was never started */
  state: 'created' | 'running' | 'exited';
  /** of its first process in the machine's own pid namespace; 0 unless running */
  pid: number;
  /** ms that this process has run; absent when that is not known, or when none runs */
  age?: number;
  exitCode: number;
  /** it ended just when the runtime went down, or came back: most likely not by itself */
  endedWithRuntime?: boolean;
  outOfMemory: boolean;
}

/** What of an image the engine must know to start it held. */
export interface ImageFacts {
  reference: string;
  entrypoint: readonly string[];
  cmd: readonly string[];
  /** K=V */
  environment: readonly string[];
}

export interface ContainerRequest {
  name: string;
  deploy: DeployPayload;
  image: ImageFacts;
  /** host path of the FIFO that holds the program; null = start it at once */
  hold: string | null;
}

export interface Executed {
  code: number;
  output: string;
}

export interface LogOptions {
  /** so many last lines; null = all */
  tail: number | null;
  /** only lines behind the one with this `at`, whatever the clock did since; "" = from the first */
  after: string;
  /** goes on until the container ends */
  follow: boolean;
  /** ends it */
  signal: AbortSignal;
}

export interface RuntimeListener {
  /** The runtime answers (again): everything must be looked at once. */
  up(): void;
  away(why: string): void;
  /** This container ended or was removed. */
  changed(jobName: string, instanceNumber: number): void;
}

/**
 * What runs containers, bound to one worker: it sees, names and touches only that worker's.
 * Every call may throw RUNTIME_AWAY (try again after `up`) or RUNTIME_FAILED (its message is a sentence for people).
 */
export interface Runtime {
  /** words of an SLA's `virtualization` that this runtime serves */
  readonly words: readonly string[];
  nameOf(jobName: string, instanceNumber: number): string;
  available(): boolean;
  watch(listener: RuntimeListener): void;
  /** All of them; also those that `inspect` fails for, which may not hide the others. */
  list(): Promise<Listed[]>;
  /** @returns null when there is no such container of this worker */
  inspect(name: string): Promise<Observed | null>;
  /** The local image, else a pulled one; `onPull` tells that it takes a while. @throws IMAGE_UNAVAILABLE */
  image(reference: string, onPull: () => void): Promise<ImageFacts>;
  /** @returns the container's id */
  create(request: ContainerRequest): Promise<string>;
  /** @returns pid of the first process, 0 when it has ended already */
  start(container: string): Promise<number>;
  /** Signal, grace, kill. Stopping what is stopped or gone is no error. */
  stop(container: string): Promise<void>;
  /**
   * Takes an ended container's name away, so that the next one can have it before this one is removed; `list` still has
   * it, with the labels that it has. One that is gone is no error.
   */
  setAside(container: string): Promise<void>;
  /** Kills and removes. Removing what is gone is no error. */
  remove(container: string): Promise<void>;
  /**
   * Runs a program inside of a running container. @param signal kills it
   * @returns its exit code and the end of what it printed, on one line
   */
  exec(container: string, command: readonly string[], signal: AbortSignal): Promise<Executed>;
  /** Lines of standard output and error. Who reads slowly makes the runtime wait, not this process keep them. */
  logs(container: string, options: LogOptions): AsyncIterable<LogLine>;
  close(): void;
}
