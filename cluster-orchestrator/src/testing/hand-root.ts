/** The root, played by hand: a real gRPC server made from the .proto. */
import { Server, ServerCredentials, type ServerDuplexStream, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  type FromCluster,
  type FromRoot,
  type InstanceReport,
  LINK_LOADER_OPTIONS,
  LINK_SERVICE,
  linkProtoPath,
  type Place,
  type PlaceAnswer,
} from '@hedgerow/protos';
import { Inbox } from './wait.ts';

type Call = ServerDuplexStream<FromCluster, FromRoot>;
type Body = NonNullable<FromCluster['body']>;

export const CLUSTER_ID = 'c0c0c0c0c0c0c0c0c0c0c0c0';

export interface HandRoot {
  address: string;
  inbox: Inbox<FromCluster>;
  /** metadata of each stream, `authorization` */
  tokens: string[];
  send(message: FromRoot): void;
  next<B extends Body>(body: B): Promise<NonNullable<FromCluster[B]>>;
  /** the next report of an instance that has this status */
  report(status: string, instanceNumber?: number): Promise<InstanceReport>;
  place(place: Place): Promise<PlaceAnswer>;
  /** ends the stream, as a root that restarts would */
  cut(): void;
  obliging: Obliging;
  /** subnets that were granted and not released, by holder */
  claims: ReadonlyMap<string, string>;
  stop(): Promise<void>;
}

interface Obliging {
  /** Hello is answered with Welcome, claims are granted */
  welcome: boolean;
  /** that it knows the cluster by */
  clusterId: string;
  subnets: boolean;
  /** of the Welcome */
  epoch: number;
  /** address of the root that leads, "" = unknown; null = this one does */
  leader: string | null;
  /** of the Welcome */
  sendList: boolean;
  tableKnown: boolean;
}

/** What the streams of the clusters leave behind. */
interface Ear {
  inbox: Inbox<FromCluster>;
  tokens: string[];
  obliging: Obliging;
  current: Call | undefined;
  /** granted so far */
  subnets: number;
  /** by holder */
  claims: Map<string, string>;
}

/** @param address `127.0.0.1:port`, port 0 for any, or `unix:/path` */
export async function startHandRoot(address = '127.0.0.1:0'): Promise<HandRoot> {
  const ear: Ear = {
    inbox: new Inbox(),
    tokens: [],
    obliging: {
      ...{ welcome: true, subnets: true, epoch: 0, leader: null, sendList: true, tableKnown: false },
      clusterId: CLUSTER_ID,
    },
    current: undefined,
    subnets: 0,
    claims: new Map(),
  };
  const server = new Server();
  const service = loadSync(linkProtoPath(), LINK_LOADER_OPTIONS)[LINK_SERVICE] as ServiceDefinition;
  server.addService(service, { Connect: (call: Call) => hear(ear, call) });
  const port = await bind(server, address);
  return {
    address: address.startsWith('unix:') ? address : `127.0.0.1:${port}`,
    inbox: ear.inbox,
    tokens: ear.tokens,
    obliging: ear.obliging,
    claims: ear.claims,
    ...voice(ear),
    async stop() {
      server.forceShutdown();
    },
  };
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
}

function hear(ear: Ear, call: Call): void {
  const { leader } = ear.obliging;
  if (leader !== null) {
    call.write({ refused: { code: 'NOT_LEADING', message: 'another root leads', leader } });
    call.end();
    return;
  }
  ear.current = call;
  ear.tokens.push(String(call.metadata.get('authorization')[0] ?? ''));
  call.on('data', (message: FromCluster) => {
    ear.inbox.put(message);
    oblige(ear, call, message);
  });
  call.on('error', () => {});
  call.on('end', () => call.end());
}

function oblige(ear: Ear, call: Call, message: FromCluster): void {
  const { welcome, epoch, sendList, tableKnown, clusterId } = ear.obliging;
  if (message.hello && welcome)
    call.write({
      welcome: { cluster_id: clusterId, epoch, send_list: sendList, table_known: tableKnown },
    });
  if (message.subnet_claim) claim(ear, call, message.subnet_claim);
  if (message.subnet_release) ear.claims.delete(message.subnet_release.worker_id);
}

/** A holder gets the same subnet each time. */
function claim(ear: Ear, call: Call, { claim_id, worker_id }: { claim_id: string; worker_id: string }): void {
  if (!ear.obliging.subnets) return;
  const n = ear.claims.has(worker_id) ? 0 : ear.subnets++;
  const subnet =
    ear.claims.get(worker_id) ?? `10.${18 + Math.floor(n / 1024)}.${Math.floor(n / 4) % 256}.${(n % 4) * 64}`;
  ear.claims.set(worker_id, subnet);
  call.write({ subnet_grant: { claim_id, subnet, error: '' } });
}

function voice(ear: Ear): Pick<HandRoot, 'send' | 'next' | 'report' | 'place' | 'cut'> {
  const { inbox } = ear;
  const send = (message: FromRoot) => {
    if (!ear.current) throw new Error('no cluster is connected');
    ear.current.write(message);
  };
  return {
    send,
    async next<B extends Body>(body: B) {
      const message = await inbox.take(`message ${body}`, m => m.body === body);
      return message[body] as NonNullable<FromCluster[B]>;
    },
    async report(status, instanceNumber) {
      const matches = (report: InstanceReport) =>
        report.status === status && (instanceNumber ?? report.instance_number) === report.instance_number;
      const reportsOf = (message: FromCluster) => message.reports?.reports ?? [];
      const message = await inbox.take(`report ${status}`, m => reportsOf(m).some(matches));
      return reportsOf(message).find(matches) as InstanceReport;
    },
    async place(place) {
      send({ place });
      const answered = (message: FromCluster) => message.place_answer?.attempt_id === place.attempt_id;
      return (await inbox.take('answer to Place', answered)).place_answer as PlaceAnswer;
    },
    cut() {
      ear.current?.end();
      ear.current = undefined;
    },
  };
}
