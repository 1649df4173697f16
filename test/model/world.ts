/** A whole Hedgerow in one process: a root, clusters, workers, the lines between them, and time. */
import { Random } from '@hedgerow/common/testing';
import type { JsonAnswer, Session, SessionOptions } from '@hedgerow/node-engine/testing/parts';
import { type FromCluster, type FromRoot, type JobPayload, type RegisterRequest, UP } from '@hedgerow/protos';
import { Line } from '../support/faults/line.ts';
import { loggerOf, stamp, type Trace } from './log.ts';
import type { Container, Program } from './machine/dock.ts';
import type { Mutation } from './mutation.ts';
import type { Plan } from './plan.ts';
import { BrokerHost } from './tiers/broker.ts';
import { ClusterHost } from './tiers/cluster.ts';
import type { Host } from './tiers/host.ts';
import { RootHost } from './tiers/root.ts';
import { WorkerHost } from './tiers/worker.ts';
import type { Process } from './time/process.ts';
import { Timeline } from './time/timeline.ts';
import type { Turns } from './time/turns.ts';
import type { Encoding } from './wire/encoding.ts';
import { openStream, refuseStream } from './wire/stream.ts';

/** ms */
const CONNECT_WITHIN = 5000;

export interface WorldOptions extends Pick<Plan, 'seed' | 'size' | 'outside' | 'weather'> {
  turns: Turns;
  encoding: Encoding;
  trace: Trace;
  /** a mistake made on purpose, to see that it is found */
  mutate?: Mutation;
}

/** Who watches. */
export interface Watchers {
  began(host: WorkerHost, container: Container): void;
  told(host: WorkerHost, report: JobPayload): void;
  /** a message that arrived on the stream between a cluster and the root */
  seen(message: FromCluster | FromRoot): void;
  crashed(error: unknown): void;
}

export interface Site {
  host: ClusterHost;
  workers: WorkerHost[];
  /** null = it lives in the cluster's process */
  broker: BrokerHost | null;
  /** to the root */
  uplink: Line;
}

export class World {
  readonly timeline: Timeline;
  readonly root: RootHost;
  readonly sites: readonly Site[];
  readonly workers: readonly WorkerHost[];
  /** where processes run */
  readonly hosts: readonly Host[];
  /** between each worker and its cluster */
  readonly lines = new Map<WorkerHost, Line>();
  /** ends the connections that go over each line */
  readonly connections = new Map<Line, Set<() => void>>();
  /** services whose programs fail */
  readonly failing = new Set<string>();
  /** something that a check looks at may have changed */
  dirty = true;
  readonly options: WorldOptions;
  readonly #watchers: Watchers;
  readonly #chance: Random;

  constructor(options: WorldOptions, watchers: Watchers) {
    this.options = options;
    this.#watchers = watchers;
    this.#chance = new Random(options.seed);
    this.timeline = new Timeline(options.turns);
    this.root = new RootHost(this.#host('root'));
    this.sites = Array.from({ length: options.size.clusters }, (_, index) => this.#site(index));
    this.workers = this.sites.flatMap(({ workers }) => workers);
    const managers = this.sites.flatMap(({ host, broker }) => (broker ? [host, broker] : [host]));
    this.hosts = [this.root, ...managers, ...this.workers];
  }

  start(): void {
    this.root.start();
    for (const { host, broker, workers } of this.sites) {
      broker?.start();
      host.start();
      for (const worker of workers) worker.start();
    }
  }

  async end(): Promise<void> {
    for (const host of this.hosts) {
      host.kill();
      await host.disk.end();
    }
  }

  trace(line: string): void {
    this.options.trace?.(`${stamp(this.timeline.now)} ${line}`);
  }

  siteOf(worker: WorkerHost): Site {
    const site = this.sites.find(({ workers }) => workers.includes(worker));
    if (!site) throw new TypeError(`${worker.name} is in no cluster`);
    return site;
  }

  lineOf(worker: WorkerHost): Line {
    return this.lines.get(worker) as Line;
  }

  #host(name: string) {
    return {
      timeline: this.timeline,
      mutate: this.options.mutate ?? {},
      log: loggerOf(this.options.trace, () => this.timeline.now, name),
      crashed: (error: unknown) => this.#watchers.crashed(error),
    };
  }

  #line(name: string): Line {
    const line = new Line(name, this.#chance.fork(), this.options.weather);
    this.connections.set(line, new Set());
    return line;
  }

  #site(index: number): Site {
    const name = `c${index + 1}`;
    const uplink = this.#line(`${name}-root`);
    const broker = this.options.outside ? new BrokerHost(`b${index + 1}`, this.#host(`b${index + 1}`)) : null;
    const host: ClusterHost = new ClusterHost({
      ...this.#host(name),
      name,
      outside: broker && this.#brokerLine(name, broker),
      dial: process => this.#dial(process, uplink),
      heard: (topic, payload) => this.#heard(name, topic, payload),
    });
    const workers = Array.from({ length: this.options.size.workers }, (_, number) =>
      this.#worker(host, broker, index, number),
    );
    return { host, workers, broker, uplink };
  }

  #brokerLine(name: string, broker: BrokerHost) {
    const line = this.#line(`${name}-${broker.name}`);
    const broken = this.connections.get(line) ?? new Set();
    return { line, broken, broker: () => broker.running?.door ?? null };
  }

  #worker(cluster: ClusterHost, outside: BrokerHost | null, index: number, number: number): WorkerHost {
    const name = `w${index + 1}${number + 1}`;
    const line = this.#line(`${name}-${cluster.name}`);
    const host: WorkerHost = new WorkerHost({
      ...this.#host(name),
      name,
      address: `192.0.2.${index * 50 + number + 1}`,
      random: this.#chance.fork(),
      ...{ memory: 1000, vcpus: 8 },
      program: container => this.#program(container),
      isWell: ({ request }) => !this.failing.has(request.deploy.job_name),
      began: (worker, container) => this.#watchers.began(worker, container),
      changed: () => {
        this.dirty = true;
      },
      post: (process, body, within) => this.#post(process, line, cluster, body, within),
      open: async (process, options) =>
        this.#watched(host, await this.#open(process, line, outside ?? cluster, options)),
    });
    this.lines.set(host, line);
    return host;
  }

  #program({ request }: Container): Program {
    const { job_name, one_shot } = request.deploy;
    if (this.failing.has(job_name))
      return { kind: 'ends', after: this.#chance.between(50, 3000), exitCode: 1 };
    if (one_shot) return { kind: 'ends', after: this.#chance.between(500, 20_000), exitCode: 0 };
    return { kind: 'runs' };
  }

  #dial(process: Process, line: Line) {
    const root = this.root.process;
    if (!root?.isAlive || !this.root.running) return refuseStream(process, line);
    const dialed = openStream({
      ...{ timeline: this.timeline, line, encoding: this.options.encoding, cluster: process, root },
      accept: call => this.root.accept(call),
      mutate: this.options.mutate ?? {},
      seen: (message, by) => {
        this.#watchers.seen(message);
        if (this.options.trace) this.trace(`${by.name} ⇐ ${JSON.stringify(message)}`);
      },
    });
    this.connections.get(line)?.add(dialed.break);
    return dialed;
  }

  #heard(name: string, topic: string, payload: Buffer): void {
    if (!this.options.trace || topic.endsWith('/beat')) return;
    this.trace(`${name} ← ${topic} ${payload}`);
  }

  async #open(
    process: Process,
    line: Line,
    host: ClusterHost | BrokerHost,
    options: SessionOptions,
  ): Promise<Session> {
    const { running } = await this.#reach(process, line, host, CONNECT_WITHIN);
    const broker = 'embedded' in running ? running.embedded : running.broker;
    if (!broker) throw new Error('connection refused');
    const traced: SessionOptions = {
      ...options,
      onMessage: (leaf, payload) => {
        const { toWorker } = this.options.mutate ?? {};
        const told = toWorker ? toWorker(leaf, payload) : payload;
        if (this.options.trace) this.trace(`${process.name} ← ${leaf} ${payload}`);
        return told ? options.onMessage(leaf, told) : Promise.resolve();
      },
    };
    return broker.open(process, line, traced, this.connections.get(line) ?? new Set());
  }

  /** Over a cut line TCP asks again after 1 s, then after twice as long. @throws when nobody answers */
  async #reach<H extends ClusterHost | BrokerHost>(process: Process, line: Line, host: H, within: number) {
    const begun = this.timeline.now;
    await process.pause(line.latency());
    for (let wait = 1000; line.isCut; wait *= 2) {
      const left = within - (this.timeline.now - begun);
      await process.pause(Math.min(wait, left));
      if (wait >= left) throw new Error('no connection in time');
    }
    if (!host.running?.process.isAlive) throw new Error('connection refused');
    return host as H & { running: NonNullable<H['running']> };
  }

  /** What is sent over a cut line is sent again until it arrives. */
  #carry(line: Line, deliver: () => void, wait = 200): void {
    this.timeline.after(line.latency(), () => {
      if (!line.isCut) deliver();
      else this.timeline.after(wait, () => this.#carry(line, deliver, Math.min(2 * wait, 120_000)));
    });
  }

  /** What the worker says of its instances is looked at before it is sent. */
  #watched(host: WorkerHost, session: Session): Session {
    const passes = (leaf: string, payload: Buffer | object): object | null => {
      if (leaf !== UP.job) return payload;
      this.#watchers.told(host, payload as JobPayload);
      const { job } = this.options.mutate ?? {};
      return job ? job(payload as JobPayload) : payload;
    };
    return {
      ...session,
      publish: (leaf, payload, options) => {
        const passed = passes(leaf, payload);
        if (passed) session.publish(leaf, passed, options);
      },
      publishAcknowledged: (leaf, payload, options) => {
        const passed = passes(leaf, payload);
        return passed ? session.publishAcknowledged(leaf, passed, options) : Promise.resolve();
      },
    };
  }

  async #post(
    process: Process,
    line: Line,
    cluster: ClusterHost,
    body: RegisterRequest,
    within: number,
  ): Promise<JsonAnswer> {
    const begun = this.timeline.now;
    const { running } = await this.#reach(process, line, cluster, within);
    const { promise, resolve, reject } = Promise.withResolvers<JsonAnswer>();
    running.process.enter(() => {
      running.register(body).then(
        answer => this.#carry(line, () => process.enter(() => resolve(answer))),
        (error: unknown) => this.#watchers.crashed(error),
      );
    });
    const late = process.after(within - (this.timeline.now - begun), () =>
      reject(new Error('no answer in time')),
    );
    return promise.finally(late);
  }
}
