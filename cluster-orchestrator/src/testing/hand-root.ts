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
import { Inbox, until } from './wait.ts';

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
  /** Hello is answered with Welcome, claims are granted */
  obliging: { welcome: boolean; subnets: boolean };
  stop(): Promise<void>;
}

/** @param address `127.0.0.1:port`; port 0 for any */
export async function startHandRoot(address = '127.0.0.1:0'): Promise<HandRoot> {
  const server = new Server();
  const inbox = new Inbox<FromCluster>();
  const tokens: string[] = [];
  const obliging = { welcome: true, subnets: true };
  let current: Call | undefined;
  let subnets = 0;
  const oblige = (call: Call, message: FromCluster): void => {
    if (message.hello && obliging.welcome) call.write({ welcome: { cluster_id: CLUSTER_ID } });
    if (message.subnet_claim && obliging.subnets) {
      const subnet = `10.18.${Math.floor(subnets / 4)}.${(subnets++ % 4) * 64}`;
      call.write({ subnet_grant: { request_id: message.subnet_claim.request_id, subnet, error: '' } });
    }
  };
  server.addService(loadSync(linkProtoPath(), LINK_LOADER_OPTIONS)[LINK_SERVICE] as ServiceDefinition, {
    Connect(call: Call) {
      current = call;
      tokens.push(String(call.metadata.get('authorization')[0] ?? ''));
      call.on('data', (message: FromCluster) => {
        inbox.put(message);
        oblige(call, message);
      });
      call.on('error', () => {});
      call.on('end', () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const send = (message: FromRoot) => {
    if (!current) throw new Error('no cluster is connected');
    current.write(message);
  };
  const next = async <B extends Body>(body: B) =>
    (await inbox.take(`message ${body}`, message => message.body === body))[body] as NonNullable<
      FromCluster[B]
    >;
  return {
    address: address.startsWith('unix:') ? address : `127.0.0.1:${port}`,
    inbox,
    tokens,
    send,
    next,
    obliging,
    report(status, instanceNumber) {
      const matches = (report: InstanceReport) =>
        report.status === status && (instanceNumber ?? report.instance_number) === report.instance_number;
      return inbox
        .take(`report ${status}`, message => message.reports?.reports.some(matches) ?? false)
        .then(message => message.reports?.reports.find(matches) as InstanceReport);
    },
    async place(place) {
      send({ place });
      const answered = (message: FromCluster) => message.place_answer?.request_id === place.request_id;
      return (await inbox.take('answer to Place', answered)).place_answer as PlaceAnswer;
    },
    cut() {
      current?.end();
      current = undefined;
    },
    async stop() {
      await until('root stops', () => {
        server.forceShutdown();
        return true;
      });
    },
  };
}
