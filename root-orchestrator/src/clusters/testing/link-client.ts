/** A cluster as the root sees it: a real gRPC client that a test speaks through. */
import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  type Aggregate,
  type FromCluster,
  type FromRoot,
  type Hello,
  type InstanceReport,
  LINK_LOADER_OPTIONS,
  LINK_SERVICE,
  linkProtoPath,
  type Place,
} from '@hedgerow/protos';
import { type Body, type Hearing, Inbox } from './inbox.ts';

export interface Ending {
  code: status;
  details: string;
}

export class LinkClient {
  clusterId = '';
  /** of the root that welcomed it */
  epoch = -1;
  /** How the stream ended. */
  readonly ended: Promise<Ending>;
  readonly #name: string;
  readonly #client: Client;
  readonly #call: ClientDuplexStream<FromCluster, FromRoot>;
  readonly #inbox = new Inbox();
  #queries = 0;

  constructor(address: string, name: string, token: string) {
    this.#name = name;
    // As a cluster does: a connection of its own.
    this.#client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
    this.#call = connect(this.#client, token);
    this.#call.on('data', (message: FromRoot) => this.#inbox.push(message));
    this.ended = new Promise(resolve => {
      this.#call.on('error', ({ code, details }: ServiceError) => resolve({ code, details }));
      this.#call.on('end', () => resolve({ code: status.OK, details: '' }));
    });
  }

  send(message: FromCluster): void {
    this.#call.write(message);
  }

  /** The oldest message of this kind that was not asked for yet, or the next to come. */
  next<B extends Body>(body: B): Promise<Hearing<B>> {
    return this.#inbox.next(body);
  }

  /** Hears of every message when it comes. */
  listen(listener: (message: FromRoot) => void): void {
    this.#call.on('data', listener);
  }

  /** Messages of this kind that came and were not asked for. */
  heard<B extends Body>(body: B): Hearing<B>[] {
    return this.#inbox.of(body);
  }

  /** Resolves when the root has handled all that was sent before and said what it had to say. */
  async settled(): Promise<void> {
    // Twice: table entries go out a turn after the change that they tell of.
    for (let turn = 0; turn < 2; turn += 1) {
      this.#queries += 1;
      const job_name = `settled.${this.#queries}`;
      this.send({ table_query: { service_ip: '', job_name } });
      await this.#inbox.next('table_entry', entry => entry.job_name === job_name);
    }
  }

  /** Sends Hello and waits for Welcome. */
  async hello(instances: InstanceReport[] = [], fields: Partial<Hello> = {}): Promise<void> {
    this.send({ hello: makeHello(this.#name, { instances, ...fields }) });
    const { cluster_id, epoch } = await this.next('welcome');
    this.clusterId = cluster_id;
    this.epoch = epoch;
  }

  aggregate(fields: Partial<Aggregate> = {}): void {
    this.send({ aggregate: { ...ROOMY, ...fields } });
  }

  accept({ attempt_id }: Place, worker_id = 'a'.repeat(24)): void {
    this.send({ place_answer: { attempt_id, accepted: true, worker_id, status: '', status_detail: '' } });
  }

  refuse({ attempt_id }: Place, status_detail = 'no worker has 4 vcpus free'): void {
    const answer = { attempt_id, accepted: false, worker_id: '', status: 'NO_WORKER_CAPACITY' };
    this.send({ place_answer: { ...answer, status_detail } });
  }

  report(...reports: InstanceReport[]): void {
    this.send({ reports: { reports } });
  }

  /** Takes nothing that the root sends, until `resume`. */
  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  close(): void {
    this.#call.cancel();
    this.#client.close();
  }
}

/** @param address `host:port` or `unix:/path` */
export function linkClient(address: string, name: string, token: string): LinkClient {
  return new LinkClient(address, name, token);
}

function connect(client: Client, token: string): ClientDuplexStream<FromCluster, FromRoot> {
  const service = loadSync(linkProtoPath(), LINK_LOADER_OPTIONS)[LINK_SERVICE] as ServiceDefinition;
  const method = service.Connect;
  if (!method) throw new TypeError('the service has no method Connect');
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return client.makeBidiStreamRequest<FromCluster, FromRoot>(
    method.path,
    method.requestSerialize as (message: FromCluster) => Buffer,
    method.responseDeserialize as (bytes: Buffer) => FromRoot,
    metadata,
  );
}

const ROOMY: Aggregate = {
  active_nodes: 1,
  cpu_percent: 0,
  memory_percent: 0,
  vcpus: 8,
  memory: 8192,
  free_vcpus: 8,
  free_memory: 8192,
  largest_free_vcpus: 8,
  largest_free_memory: 8192,
  vgpus: 0,
  virtualization: ['container'],
  architecture: ['amd64'],
  workers: ['w1'],
};

export function makeHello(name: string, fields: Partial<Hello> = {}): Hello {
  const where = { cluster_location: '48.1,11.6,1000', port: 10100, address: '' };
  const digests = { listed: true, instances_digest: 0, subnets_digest: 0, table_digest: 0 };
  return { cluster_name: name, ...where, ...digests, instances: [], subnets: [], epoch: 0, ...fields };
}

/** What a cluster says of a placed instance. */
export function report(place: Place, fields: Partial<InstanceReport> = {}): InstanceReport {
  const { namespace_ip = '10.18.0.2' } = fields;
  return {
    service_id: place.service.service_id,
    instance_number: place.instance_number,
    generation: place.generation,
    epoch: 1,
    status: 'RUNNING',
    status_detail: '',
    worker_id: 'a'.repeat(24),
    host_ip: '192.0.2.1',
    host_port: 50103,
    namespace_ip,
    worker_subnet: subnetOf(namespace_ip),
    cpu_percent: '',
    memory_percent: '',
    disk: '',
    logs: '',
    instance_ip: place.instance_ip,
    ...fields,
  };
}

/** @returns the /26 of an address, "" of none */
function subnetOf(address: string): string {
  const [a, b, c, d] = address.split('.').map(Number);
  return d === undefined ? '' : `${a}.${b}.${c}.${d - (d % 64)}`;
}
