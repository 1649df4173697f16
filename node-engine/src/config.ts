import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import {
  badSetting,
  CONFIG_ERRORS,
  flag,
  HedgerowError,
  host,
  integer,
  logLevel,
  messageOf,
  oneOf,
  parseAddress,
  port,
  readConfig,
  type Settings,
  text,
} from '@hedgerow/common';
import { STATUS_PORT } from '@hedgerow/common/metrics';
import { TUNNEL_PORT } from '@hedgerow/protos';
import { PROFILES, type Profile } from './profile.ts';

export interface NodeConfig {
  /** host name or address of the Cluster Manager */
  cluster: string;
  port: number;
  /** join token of the cluster */
  token: string;
  hostname: string;
  /** where other workers' tunnels reach this one; '' = source address of the route to the cluster */
  publicAddress: string;
  tunnelPort: number;
  /** path of the Docker Engine's socket */
  docker: string;
  data: string;
  /** cores offered, 0 = all */
  vcpus: number;
  /** MiB offered, 0 = all */
  memory: number;
  /** a static busybox; it holds programs until their network is there */
  shim: string;
  /** seconds between the stop signal and the kill */
  stopGrace: number;
  /** how often the worker speaks, and how soon it is missed */
  profile: Profile;
  /** ms between heartbeats; 0 = the profile's */
  beat: number;
  /** where metrics and health are served: `host:port` or `unix:/path`; '' = nowhere */
  statusListen: string;
}

/** What only the command line knows: how to reach a Net Manager in another process, logging, one-off tasks. */
export interface NodeCli extends NodeConfig {
  net: string;
  config: string;
  logLevel: string;
  logFile: string;
  removeAll: boolean;
  help: boolean;
}

const amount = (value: string, name: string): number => {
  const number = Number(value);
  if (value.trim() !== '' && Number.isFinite(number) && number >= 0) return number;
  throw badSetting(name, value, 'a number from 0');
};

const interval = (value: string, name: string): number =>
  value === '0' ? 0 : integer(100, 600_000)(value, name);

const statusAddress = (value: string, name: string): string => {
  if (value === '' || value === 'none') return '';
  try {
    parseAddress(value, STATUS_PORT);
    return value;
  } catch (cause) {
    throw badSetting(name, value, 'host:port, unix:/path or none', cause);
  }
};

export const nodeSettings: Settings<NodeConfig> = {
  cluster: {
    flag: 'cluster-address',
    short: 'a',
    env: 'HEDGEROW_CLUSTER_ADDRESS',
    default: '127.0.0.1',
    help: 'address of the Cluster Manager',
    parse: host,
  },
  port: {
    flag: 'cluster-port',
    short: 'p',
    env: 'HEDGEROW_CLUSTER_PORT',
    default: 10100,
    help: 'HTTP port of the Cluster Manager',
    parse: port,
  },
  token: {
    flag: 'token',
    env: 'HEDGEROW_WORKER_TOKEN',
    default: '',
    help: 'join token of the cluster',
    parse: text,
  },
  hostname: {
    flag: 'hostname',
    env: 'HEDGEROW_HOSTNAME',
    default: hostname(),
    help: 'name of this worker',
    parse: text,
  },
  publicAddress: {
    flag: 'public-address',
    env: 'HEDGEROW_PUBLIC_ADDRESS',
    default: '',
    help: 'IPv4 at which other workers reach this one; source of the route to the cluster when empty',
    parse: text,
  },
  tunnelPort: {
    flag: 'tunnel-port',
    env: 'HEDGEROW_TUNNEL_PORT',
    default: TUNNEL_PORT,
    help: 'UDP port of the tunnel between workers',
    parse: integer(1, 65535),
  },
  docker: {
    flag: 'docker',
    env: 'HEDGEROW_DOCKER_SOCKET',
    default: '/var/run/docker.sock',
    help: 'socket of the Docker Engine',
    parse: text,
  },
  data: {
    flag: 'data',
    env: 'HEDGEROW_DATA',
    default: '/var/lib/hedgerow/worker',
    help: 'directory of what must outlive a restart',
    parse: text,
  },
  vcpus: {
    flag: 'vcpus',
    env: 'HEDGEROW_VCPUS',
    default: 0,
    help: 'cores offered, 0 = all',
    parse: amount,
  },
  memory: {
    flag: 'memory',
    env: 'HEDGEROW_MEMORY',
    default: 0,
    help: 'MiB offered, 0 = all',
    parse: integer(0, 2 ** 31),
  },
  shim: {
    flag: 'shim',
    env: 'HEDGEROW_SHIM',
    default: '/bin/busybox',
    help: 'static busybox that holds programs until their network is there',
    parse: text,
  },
  stopGrace: {
    flag: 'stop-grace',
    env: 'HEDGEROW_STOP_GRACE',
    default: 10,
    help: 'seconds between stop signal and kill',
    parse: integer(0, 3600),
  },
  profile: {
    flag: 'profile',
    env: 'HEDGEROW_PROFILE',
    default: 'default',
    help: 'default, or metered for a link that is paid by the byte: fewer beats and reports, found dead later',
    parse: oneOf('default', 'metered'),
  },
  beat: {
    flag: 'beat',
    env: 'HEDGEROW_BEAT',
    default: 0,
    help: `ms between heartbeats, 0 = as the profile says: ${PROFILES.default.beat}, metered ${PROFILES.metered.beat}`,
    parse: interval,
  },
  statusListen: {
    flag: 'status-listen',
    env: 'STATUS_LISTEN',
    default: `127.0.0.1:${STATUS_PORT}`,
    help: 'host:port or unix:/path of /metrics, /healthz and /readyz, or none',
    parse: statusAddress,
  },
};

const cliSettings: Settings<NodeCli> = {
  ...nodeSettings,
  net: {
    flag: 'net-manager',
    short: 'n',
    env: 'HEDGEROW_NET_MANAGER',
    default: '',
    help: 'port, host:port or unix:/path of the Net Manager; no overlay network when left out',
    parse: text,
  },
  config: { flag: 'config', env: 'HEDGEROW_CONFIG', default: '', help: 'JSON file of settings', parse: text },
  logLevel,
  logFile: {
    flag: 'log-file',
    env: 'HEDGEROW_LOG_FILE',
    default: '',
    help: 'file to append the log to',
    parse: text,
  },
  removeAll: {
    flag: 'remove-all',
    default: false,
    help: 'stop and remove the containers of this worker, then exit',
    parse: flag,
  },
  help: { flag: 'help', short: 'h', default: false, help: 'this page', parse: flag },
};

/** Settings of the `NodeEngine` command, for its `--help`. */
export const nodeCliSettings = cliSettings;

/**
 * Defaults, then the file of `--config`, then environment, then flags. Keys of the file are those of `NodeCli`.
 * @throws BAD_CONFIG naming the flag, variable or key
 */
export function readNodeCli(argv: readonly string[], env: NodeJS.ProcessEnv): NodeCli {
  const first = readConfig(cliSettings, argv, env);
  return first.config === '' ? first : readConfig(settingsFromFile(first.config), argv, env);
}

/** Fills what is left out with the defaults. */
export function completeConfig(given: Partial<NodeConfig>): NodeConfig {
  const defaults = Object.entries(nodeSettings).map(([key, setting]) => [key, setting.default]);
  return { ...(Object.fromEntries(defaults) as NodeConfig), ...given };
}

function settingsFromFile(file: string): Settings<NodeCli> {
  const settings: Record<string, Settings<NodeCli>[keyof NodeCli]> = { ...cliSettings };
  for (const [key, value] of Object.entries(readObject(file))) {
    const setting = settings[key];
    if (!setting) throw badSetting(`${file}: ${key}`, value, Object.keys(cliSettings).join(', '));
    const parse = setting.parse as (text: string, name: string) => unknown;
    settings[key] = { ...setting, default: parse(String(value), `${file}: ${key}`) } as typeof setting;
  }
  return settings as unknown as Settings<NodeCli>;
}

function readObject(file: string): object {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (cause) {
    throw new HedgerowError(CONFIG_ERRORS.BAD_CONFIG, `--config ${file}: ${messageOf(cause)}`, { cause });
  }
  throw badSetting('--config', file, 'a file with one JSON object');
}
