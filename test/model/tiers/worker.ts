/** A worker: a machine with containers, a kernel and a disk that stay, and one process (Node Engine, Net Manager) at a time. */
import { MetricRegistry } from '@hedgerow/common/metrics';
import type { Random } from '@hedgerow/common/testing';
import {
  completeConfig,
  composeNode,
  followCluster,
  type JsonAnswer,
  messageMeter,
  type NodeConfig,
  type NodeParts,
  REGISTRATION,
  registerForEver,
  registrationIn,
  type Session,
  type SessionOptions,
} from '@hedgerow/node-engine/testing/parts';
import type { RegisterRequest } from '@hedgerow/protos';
import { type Container, Dock, machineOf, type Program } from '../machine/dock.ts';
import { Kernel, netManagerOf } from '../machine/kernel.ts';
import type { Process } from '../time/process.ts';
import { Host, type HostParts } from './host.ts';

export interface WorkerParts extends HostParts {
  name: string;
  address: string;
  random: Random;
  /** MiB and cores that it offers */
  memory: number;
  vcpus: number;
  program(container: Container): Program;
  isWell(container: Container): boolean;
  began(host: WorkerHost, container: Container): void;
  changed(): void;
  post(process: Process, body: RegisterRequest, within: number): Promise<JsonAnswer>;
  open(process: Process, options: SessionOptions): Promise<Session>;
}

export class WorkerHost extends Host {
  readonly dock: Dock;
  readonly kernel: Kernel;
  readonly #parts: WorkerParts;
  node: NodeParts | null = null;

  constructor(parts: WorkerParts) {
    super(parts.name, parts);
    this.#parts = parts;
    this.dock = new Dock({
      timeline: parts.timeline,
      random: parts.random.fork(),
      program: container => parts.program(container),
      isWell: container => parts.isWell(container),
      began: container => parts.began(this, container),
      ended: () => parts.changed(),
    });
    this.kernel = new Kernel(
      pid => this.dock.isRunning(pid),
      () => parts.changed(),
    );
  }

  protected forget(): void {
    this.node = null;
  }

  /** The power goes: what ran has ended. */
  powerOff(): void {
    this.kill(true);
    for (const container of this.dock.containers.values()) this.dock.kill(container);
    this.kernel.compare();
  }

  protected async boot(process: Process): Promise<void> {
    const parts = this.#parts;
    const { clock } = process;
    const log = parts.log;
    const config = configOf(parts);
    const store = this.open(process);
    const net = netManagerOf(this.kernel, process, parts.random.fork());
    const metrics = new MetricRegistry(log);
    const registration = {
      ...{ store: registrationIn(store), clock, log, cluster: { host: 'cluster', port: 10_100 } },
      describe: async () => offerOf(parts),
      post: (_: object, body: object, within: number) => parts.post(process, body as RegisterRequest, within),
    };
    const { signal } = new AbortController();
    const known = await registration.store.get(REGISTRATION);
    const first = known ?? (await registerForEver(registration, signal));
    const deps = { clock, log, net, store, metrics, machine: machineOf(this.dock, process) };
    const node = await composeNode(config, deps, first, signal);
    this.node = node;
    void followCluster(
      {
        ...{ clock, log, registration, registered: known ? null : first, cluster: 'cluster' },
        ...{ uplink: node.uplink, beat: config.beat, messages: messageMeter(metrics), onConnected() {} },
        onRegistered: answer => node.registered(answer),
        handlers: () => node.handlers(),
        open: options => parts.open(process, options),
      },
      signal,
    );
  }
}

function configOf({ name, address, vcpus, memory }: WorkerParts): NodeConfig {
  return completeConfig({
    ...{ cluster: 'cluster', data: '/nowhere', hostname: name, publicAddress: address, vcpus, memory },
  });
}

function offerOf({ name, address, vcpus, memory }: WorkerParts): Omit<RegisterRequest, 'id' | 'secret'> {
  return {
    ...{
      host: name,
      token: '',
      vcpus,
      memory,
      architecture: 'amd64',
      virtualization: ['docker', 'container'],
    },
    ...{ public_address: address, tunnel_port: 50_103, overlay: true },
  };
}
