import {
  badSetting,
  host,
  integer,
  metricsToken,
  parseAddress,
  port,
  type Settings,
  text,
} from '@hedgerow/common';

/** Of the System Manager. */
export const DEFAULT_PORT = 10_000;

export interface RootConfig {
  host: string;
  port: number;
  /** path of a unix socket that serves the same; "" = none */
  socket: string;
  /** directory of the store and the secrets */
  data: string;
  /** `mongodb://…` of a store that several roots may share; "" = a file in the data directory */
  mongodb: string;
  /** `host:port` or `unix:/path` that clusters and other roots reach this one at; "" = host and port */
  address: string;
  /** s without a sign of the leading root after which another one leads */
  leaseSeconds: number;
  /** file that the join token of clusters is written to for those beside this root; "" = none */
  clusterTokenFile: string;
  /** password that user Admin is made with; "" = `Admin`, on loopback only */
  adminPassword: string;
  /** directory of `cluster-link.proto` and `swagger-ui/` beside a bundle; "" = from the packages */
  assets: string;
  /** life of an access token, s */
  accessTokenSeconds: number;
  /** that `/metrics` is read with; "" = everybody who reaches the port may */
  metricsToken?: string;
}

export const rootSettings: Settings<RootConfig> = {
  host: {
    flag: 'host',
    env: 'ROOT_HOST',
    default: '127.0.0.1',
    help: 'address that the API and clusters are served on',
    parse: host,
  },
  port: { flag: 'port', short: 'p', env: 'MY_PORT', default: DEFAULT_PORT, help: 'its port', parse: port },
  socket: {
    flag: 'socket',
    env: 'ROOT_SOCKET',
    default: '',
    help: 'path of a unix socket that serves the same',
    parse: text,
  },
  data: {
    flag: 'data',
    env: 'ROOT_DATA',
    default: '/var/lib/hedgerow/root',
    help: 'directory of the store and the secrets',
    parse: text,
  },
  mongodb: {
    flag: 'mongodb',
    env: 'MONGODB_URL',
    default: '',
    help: 'store that several roots may share: mongodb://user:password@host:port/database',
    parse: text,
  },
  address: {
    flag: 'address',
    env: 'ROOT_ADDRESS',
    default: '',
    help: 'host:port or unix:/path that clusters and other roots reach this one at; only with a shared store',
    parse: rootAddress,
  },
  leaseSeconds: {
    flag: 'lease-seconds',
    env: 'ROOT_LEASE_SECONDS',
    default: 10,
    help: 'silence of the leading root after which another one leads',
    parse: integer(1, 600),
  },
  clusterTokenFile: {
    flag: 'cluster-token-file',
    env: 'CLUSTER_TOKEN_FILE',
    default: '',
    help: 'file that the join token of clusters is also written to, for clusters beside this root',
    parse: text,
  },
  adminPassword: {
    flag: 'admin-password',
    env: 'ADMIN_PASSWORD',
    default: '',
    help: 'password of user Admin; needed unless the host is loopback',
    parse: text,
  },
  assets: {
    flag: 'assets',
    env: 'HEDGEROW_ASSETS',
    default: '',
    help: 'directory of the files beside a bundle',
    parse: text,
  },
  accessTokenSeconds: {
    flag: 'access-token-seconds',
    env: 'ACCESS_TOKEN_SECONDS',
    default: 600,
    help: 'life of an access token',
    parse: integer(1, 86_400),
  },
  metricsToken,
};

function rootAddress(value: string, name: string): string {
  try {
    parseAddress(value, DEFAULT_PORT);
    return value;
  } catch (cause) {
    throw badSetting(name, value, 'host:port or unix:/path', cause);
  }
}
