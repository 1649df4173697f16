import { readFileSync } from 'node:fs';
import { type ChannelOptions, Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';
import { badSetting, formatAddress, parseAddress } from '@hedgerow/common';
import {
  type FromCluster,
  type FromRoot,
  LINK_LOADER_OPTIONS,
  LINK_SERVICE,
  linkProtoPath,
} from '@hedgerow/protos';
import { ROOT_PORT } from '../config.ts';

export type Stream = ClientDuplexStream<FromCluster, FromRoot>;

export interface Dialed {
  stream: Stream;
  /** resolves when the root's end is there; never when it does not come */
  connected: Promise<void>;
  close(): void;
}

/** @param address `host:port` or `unix:/path` */
export type Dial = (address: string) => Dialed;

export interface ChannelConfig {
  rootToken: string;
  /** file that holds the token when there is none here */
  rootTokenFile: string;
  assets: string;
}

const OPTIONS: ChannelOptions = {
  // ms; a root that vanished without a word is noticed after 10 s, the time after which another one leads
  'grpc.keepalive_time_ms': 5000,
  'grpc.keepalive_timeout_ms': 5000,
  // a retry dials anew instead of waiting for another channel's back-off
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_http_proxy': 0,
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
};

/** @returns a function that dials a root and opens the stream; trouble shows as the stream's `error` */
export function createDialer(config: ChannelConfig): Dial {
  const service = loadSync(linkProtoPath(config.assets || undefined), LINK_LOADER_OPTIONS)[LINK_SERVICE];
  const method = (service as unknown as Record<string, MethodDefinition<FromCluster, FromRoot>>).Connect;
  if (!method) throw new TypeError(`${LINK_SERVICE} has no Connect`);
  return address => {
    const client = new Client(targetOf(address), credentials.createInsecure(), OPTIONS);
    // call credentials are refused on an insecure channel, so the token goes into the metadata
    const metadata = new Metadata();
    const token = readToken(config);
    if (token !== '') metadata.set('authorization', `Bearer ${token}`);
    const stream = client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      metadata,
    ) as Stream;
    return { stream, connected: ready(client), close: () => client.close() };
  };
}

function ready(client: Client): Promise<void> {
  return new Promise(resolve => {
    client.waitForReady(Number.POSITIVE_INFINITY, error => {
      if (!error) resolve();
    });
  });
}

/** A file that is not there yet is no token yet: the root says what is missing, and is dialed again. */
function readToken({ rootToken, rootTokenFile }: ChannelConfig): string {
  if (rootToken !== '' || rootTokenFile === '') return rootToken;
  try {
    return readFileSync(rootTokenFile, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw badSetting('ROOT_TOKEN_FILE', rootTokenFile, 'a file that this user can read', error);
  }
}

/** gRPC's names: an IPv6 address stands in brackets. */
function targetOf(root: string): string {
  const address = parseAddress(root, ROOT_PORT);
  if ('path' in address) return formatAddress(address);
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : formatAddress(address);
}
