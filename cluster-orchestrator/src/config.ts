import {
  badSetting,
  host,
  integer,
  metricsToken,
  oneOf,
  parseAddress,
  port,
  type Settings,
  text,
} from '@hedgerow/common';
import { CLUSTER_NAME_RULE, isClusterName } from '@hedgerow/protos';

/** Port of the System Manager. */
export const ROOT_PORT = 10_000;

export interface ClusterConfig {
  name: string;
  /** "lat,lon,radius" or free text */
  location: string;
  /** `host:port` or `unix:/path` of the System Manager; of each, with commas between, where several share a store */
  root: string;
  /** join token of clusters, given out by the root */
  rootToken: string;
  /** file that holds it when it is not given, read each time the root is dialed */
  rootTokenFile: string;
  host: string;
  port: number;
  /** port of the embedded broker */
  mqttPort: number;
  /** an outside broker instead of the embedded one: `mqtt://user:password@host:port` */
  mqttUrl: string;
  /** the cluster's user there, when it is not in the URL */
  mqttUser: string;
  mqttPassword: string;
  /** of the outside broker, as workers reach it: `host:port`, or `:port` at the address that they registered at */
  mqttPublicAddress: string;
  /** workers' accounts at the outside broker: made through its plug-in, or left to it */
  mqttAccounts: 'auto' | 'preset';
  /** as clients are shown this cluster; the address it listens on when empty */
  address: string;
  /** directory of the store and of the workers' join token */
  data: string;
  /** ms after a worker's last sign of life until its instances are placed elsewhere */
  workerDeadAfter: number;
  /** subnets kept for workers that join, so that they need not wait for the root */
  spareSubnets: number;
  /** directory of the bundle's assets; empty when run from source */
  assets: string;
  /** that `/metrics` is read with; "" = everybody who reaches the port may */
  metricsToken?: string;
}

export const clusterSettings: Settings<ClusterConfig> = {
  name: {
    flag: 'name',
    env: 'CLUSTER_NAME',
    default: 'cluster',
    help: 'name of this cluster, unique under its root',
    parse: name,
  },
  location: {
    flag: 'location',
    env: 'CLUSTER_LOCATION',
    default: '',
    help: '"lat,lon,radius" or free text',
    parse: text,
  },
  root: {
    flag: 'root',
    short: 'r',
    env: 'SYSTEM_MANAGER_URL',
    default: '127.0.0.1:10000',
    help: 'System Manager: host:port or unix:/path; several with commas between',
    parse: rootAddress,
  },
  rootToken: {
    flag: 'root-token',
    env: 'ROOT_TOKEN',
    default: '',
    help: 'join token of clusters, from the root',
    parse: text,
  },
  rootTokenFile: {
    flag: 'root-token-file',
    env: 'ROOT_TOKEN_FILE',
    default: '',
    help: 'file with this token, when it is not given; may come later than this process',
    parse: text,
  },
  host: {
    flag: 'host',
    env: 'CLUSTER_HOST',
    default: '127.0.0.1',
    help: 'address to listen on',
    parse: host,
  },
  port: {
    flag: 'port',
    short: 'p',
    env: 'MY_PORT',
    default: 10100,
    help: 'HTTP port',
    parse: port,
  },
  mqttPort: {
    flag: 'mqtt-port',
    env: 'MQTT_BROKER_PORT',
    default: 10003,
    help: 'port of the embedded broker',
    parse: port,
  },
  mqttUrl: {
    flag: 'mqtt-url',
    env: 'MQTT_URL',
    default: '',
    help: 'outside broker instead of the embedded one: mqtt://user:password@host:port',
    parse: brokerUrl,
  },
  mqttUser: {
    flag: 'mqtt-user',
    env: 'MQTT_USER',
    default: '',
    help: 'user of the cluster at the outside broker, when it is not in the URL',
    parse: text,
  },
  mqttPassword: {
    flag: 'mqtt-password',
    env: 'MQTT_PASSWORD',
    default: '',
    help: 'its password',
    parse: text,
  },
  mqttPublicAddress: {
    flag: 'mqtt-public-address',
    env: 'MQTT_PUBLIC_ADDRESS',
    default: '',
    help: 'outside broker as workers reach it: host:port, or :port at the address that they registered at',
    parse: publicAddress,
  },
  mqttAccounts: {
    flag: 'mqtt-accounts',
    env: 'MQTT_ACCOUNTS',
    default: 'auto',
    help: 'workers’ accounts at the outside broker: auto (by its dynamic security plug-in) or preset (by hand)',
    parse: oneOf('auto', 'preset'),
  },
  address: {
    flag: 'address',
    env: 'CLUSTER_ADDRESS',
    default: '',
    help: 'address of this cluster as clients are shown it',
    parse: text,
  },
  data: {
    flag: 'data',
    env: 'CLUSTER_DATA',
    default: '/var/lib/hedgerow/cluster',
    help: 'data directory',
    parse: text,
  },
  workerDeadAfter: {
    flag: 'worker-dead-after',
    env: 'WORKER_DEAD_AFTER',
    default: 5000,
    help: 'ms of silence after which a worker counts as dead',
    parse: integer(500, 3_600_000),
  },
  spareSubnets: {
    flag: 'spare-subnets',
    env: 'SPARE_SUBNETS',
    default: 4,
    help: 'subnets to keep for workers that join while the root is out of reach',
    parse: integer(0, 256),
  },
  assets: {
    flag: 'assets',
    env: 'HEDGEROW_ASSETS',
    default: '',
    help: 'directory of the assets of a bundle',
    parse: text,
  },
  metricsToken,
};

function name(value: string, flag: string): string {
  if (isClusterName(value)) return value;
  throw badSetting(flag, value, CLUSTER_NAME_RULE);
}

/** @returns the addresses of `ClusterConfig.root` */
export function rootAddresses(root: string): string[] {
  return root.split(',').map(address => address.trim());
}

function rootAddress(value: string, flag: string): string {
  try {
    for (const address of rootAddresses(value)) parseAddress(address, ROOT_PORT);
    return value;
  } catch (cause) {
    throw badSetting(flag, value, 'host:port or unix:/path, several with commas between', cause);
  }
}

/** The value may hold a password, so it is not repeated. */
function brokerUrl(value: string, flag: string): string {
  if (value === '' || /^mqtts?:$/.test(URL.parse(value)?.protocol ?? '')) return value;
  throw badSetting(flag, '(hidden)', 'mqtt://user:password@host:port or mqtts://…');
}

function publicAddress(value: string, flag: string): string {
  const port = /^(?:[^:]*|\[[^\]]+\]):(\d{1,5})$/.exec(value)?.[1];
  if (value === '' || (port !== undefined && Number(port) <= 65535)) return value;
  throw badSetting(flag, value, 'host:port or :port');
}
