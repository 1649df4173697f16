/** A cluster as the root sees it: a real gRPC client that a test speaks through. */
import {
  Client,
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

type Body = NonNullable<FromRoot['body']>;
export type Hearing<B extends Body> = NonNullable<FromRoot[B]>;

export interface LinkClient {
  clusterId: string;
  send(message: FromCluster): void;
  /** The oldest message of this kind that was not asked for yet, or the next to come. */
  next<B extends Body>(body: B): Promise<Hearing<B>>;
  /** Messages of this kind that came and were not asked for. */
  heard<B extends Body>(body: B): Hearing<B>[];
  /** Resolves when the root has handled all that was sent before and said what it had to say. */
  settled(): Promise<void>;
  /** Sends Hello and waits for Welcome. */
  hello(instances?: InstanceReport[], fields?: Partial<Hello>): Promise<void>;
  aggregate(fields?: Partial<Aggregate>): void;
  accept(place: Place, workerId?: string): void;
  refuse(place: Place, detail?: string): void;
  report(...reports: InstanceReport[]): void;
  /** How the stream ended. */
  ended: Promise<{ code: status; details: string }>;
  close(): void;
}

const [METHOD] = Object.values(
  loadSync(linkProtoPath(), LINK_LOADER_OPTIONS)[LINK_SERVICE] as ServiceDefinition,
);

/** @param address `host:port` or `unix:/path` */
export function linkClient(address: string, name: string, token: string): LinkClient {
  if (!METHOD) throw new TypeError('the service has no method');
  const client = new Client(address, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  const call = client.makeBidiStreamRequest<FromCluster, FromRoot>(
    METHOD.path,
    METHOD.requestSerialize as (message: FromCluster) => Buffer,
    METHOD.responseDeserialize as (bytes: Buffer) => FromRoot,
    metadata,
  );
  const inbox: FromRoot[] = [];
  const readers = new Set<() => void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<{ code: status; details: string }>();
  call.on('data', (message: FromRoot) => {
    inbox.push(message);
    for (const reader of readers) reader();
  });
  call.on('error', (error: ServiceError) => end({ code: error.code, details: error.details }));
  call.on('end', () => {
    end({ code: status.OK, details: '' });
    for (const reader of readers) reader();
  });
  const take = <B extends Body>(body: B, matches: (message: Hearing<B>) => boolean) => {
    const index = inbox.findIndex(m => m.body === body && matches(m[body] as Hearing<B>));
    return index < 0 ? null : (inbox.splice(index, 1)[0]?.[body] as Hearing<B>);
  };
  const wait = <B extends Body>(body: B, matches: (message: Hearing<B>) => boolean = () => true) =>
    new Promise<Hearing<B>>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`${name} heard no ${body}: ${JSON.stringify(inbox)}`)),
        3000,
      );
      const reader = () => {
        const message = take(body, matches);
        if (!message) return;
        clearTimeout(late);
        readers.delete(reader);
        resolve(message);
      };
      readers.add(reader);
      reader();
    });
  let queries = 0;
  const self: LinkClient = {
    clusterId: '',
    send: message => void call.write(message),
    next: body => wait(body),
    heard: <B extends Body>(body: B) => inbox.filter(m => m.body === body).map(m => m[body] as Hearing<B>),
    async settled() {
      // Twice: table entries go out a turn after the change that they tell of.
      for (let turn = 0; turn < 2; turn += 1) {
        const job_name = `settled.${++queries}`;
        self.send({ table_query: { service_ip: '', job_name } });
        await wait('table_entry', entry => entry.job_name === job_name);
      }
    },
    async hello(instances = [], fields = {}) {
      const cluster_location = '48.1,11.6,1000';
      self.send({
        hello: { cluster_name: name, cluster_location, port: 10100, address: '', instances, ...fields },
      });
      self.clusterId = (await self.next('welcome')).cluster_id;
    },
    aggregate: (fields = {}) => self.send({ aggregate: { ...ROOMY, ...fields } }),
    accept: ({ request_id }, worker_id = 'a'.repeat(24)) =>
      self.send({ place_answer: { request_id, accepted: true, worker_id, status: '', status_detail: '' } }),
    refuse: ({ request_id }, status_detail = 'no worker has 4 vcpus free') =>
      self.send({
        place_answer: {
          request_id,
          accepted: false,
          worker_id: '',
          status: 'NO_WORKER_CAPACITY',
          status_detail,
        },
      }),
    report: (...reports) => self.send({ reports: { reports } }),
    ended,
    close() {
      call.cancel();
      client.close();
    },
  };
  return self;
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

/** What a cluster says of a placed instance. */
export function report(place: Place, fields: Partial<InstanceReport> = {}): InstanceReport {
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
    namespace_ip: '10.18.0.2',
    worker_subnet: '10.18.0.0',
    cpu_percent: '',
    memory_percent: '',
    disk: '',
    logs: '',
    ...fields,
  };
}
