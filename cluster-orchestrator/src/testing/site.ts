/** One cluster with a hand-driven root and hand-driven workers, on a clock that is turned by hand. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, type Running, silentLogger } from '@hedgerow/common';
import { type ManualClock, manualClock } from '@hedgerow/common/testing';
import type { Place, PlaceAnswer, RegisterRequest, RegisterResponse, ServiceSpec } from '@hedgerow/protos';
import { type Cluster, startCluster } from '../app.ts';
import type { ClusterConfig } from '../config.ts';
import { type HandRoot, startHandRoot } from './hand-root.ts';
import { HandWorker, OFFER, postRegister } from './hand-worker.ts';
import { makePlace } from './makers.ts';

export class Site {
  static readonly defaults: Omit<ClusterConfig, 'root' | 'data'> = {
    name: 'site1',
    location: '48.1,11.6,1000',
    rootToken: 'root-token',
    rootTokenFile: '',
    host: '127.0.0.1',
    port: 0,
    mqttPort: 0,
    mqttUrl: '',
    mqttUser: '',
    mqttPassword: '',
    mqttPublicAddress: '',
    mqttAccounts: 'auto',
    address: '',
    workerDeadAfter: 5000,
    spareSubnets: 0,
    assets: '',
  };

  readonly clock: ManualClock = manualClock();
  readonly workers: HandWorker[] = [];
  root!: HandRoot;
  cluster!: Cluster & Running;
  config!: ClusterConfig;
  log: Logger = silentLogger;
  #attempts = 0;

  static async start(
    config: Partial<ClusterConfig> = {},
    log: Logger = silentLogger,
    root?: HandRoot,
  ): Promise<Site> {
    const site = new Site();
    site.log = log;
    site.root = root ?? (await startHandRoot());
    site.config = {
      ...Site.defaults,
      root: site.root.address,
      data: await mkdtemp(join(tmpdir(), 'hedgerow-cluster-')),
      ...config,
    };
    await site.startCluster();
    return site;
  }

  async startCluster(): Promise<void> {
    this.cluster = await startCluster(this.config, { clock: this.clock, log: this.log });
    await this.connected();
  }

  /** Waits for the stream and its Welcome. */
  async connected(): Promise<void> {
    await this.root.next('hello');
    await this.root.next('aggregate');
  }

  async stop(): Promise<void> {
    for (const worker of this.workers) await worker.drop();
    await this.cluster.stop();
    await this.root.stop();
    await rm(this.config.data, { recursive: true });
  }

  async register(offer: Partial<RegisterRequest> = {}): Promise<RegisterResponse> {
    const answer = await postRegister(this.cluster.url, { ...OFFER, ...offer });
    if (answer.status !== 200) throw new Error(`not registered: ${JSON.stringify(answer.body)}`);
    return answer.body as RegisterResponse;
  }

  /** A worker that has registered, connected and synced. */
  async worker(offer: Partial<RegisterRequest> = {}): Promise<HandWorker> {
    const worker = new HandWorker(await this.register(offer));
    this.workers.push(worker);
    await worker.connect();
    await worker.table();
    return worker;
  }

  place(
    service: Partial<ServiceSpec> = {},
    place: Partial<Omit<Place, 'service'>> = {},
  ): Promise<PlaceAnswer> {
    return this.root.place(makePlace(service, { attempt_id: `attempt${++this.#attempts}`, ...place }));
  }
}
