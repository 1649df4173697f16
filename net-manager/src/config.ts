import { flag, integer, logLevel, port, type Settings, text } from '@hedgerow/common';

export interface NetConfig {
  /** `127.0.0.1:6000` or `unix:/path`; '' for direct calls only */
  listen: string;
  /** directory of `net.sqlite`; ':memory:' to forget everything at the end */
  data: string;
  /** ms between two comparisons of the kernel with what it should hold; 0 = only at start and registration */
  reconcileEvery?: number;
}

export interface NetSettings {
  port: number;
  listen: string;
  data: string;
  reconcileEvery: number;
  teardown: boolean;
  logLevel: string;
}

export const RECONCILE_EVERY = 60_000;

/** Flags and variables of the `NetManager` process. */
export const netSettings: Settings<NetSettings> = {
  port: {
    flag: 'port',
    short: 'p',
    env: 'NET_MANAGER_PORT',
    default: 6000,
    help: 'port on 127.0.0.1',
    parse: port,
  },
  listen: {
    flag: 'listen',
    env: 'NET_MANAGER_LISTEN',
    default: '',
    help: 'address instead of the port: host:port or unix:/path',
    parse: text,
  },
  data: {
    flag: 'data',
    short: 'd',
    env: 'NET_MANAGER_DATA',
    default: '/var/lib/hedgerow/net',
    help: 'directory for the state',
    parse: text,
  },
  reconcileEvery: {
    flag: 'reconcile-every',
    env: 'NET_MANAGER_RECONCILE_EVERY',
    default: RECONCILE_EVERY,
    help: 'ms between two comparisons with the kernel, 0 for never',
    parse: integer(0, 86_400_000),
  },
  teardown: {
    flag: 'teardown',
    default: false,
    help: 'remove everything of ours from this network namespace and leave',
    parse: flag,
  },
  logLevel,
};

export function netConfig(settings: NetSettings): NetConfig {
  return {
    listen: settings.listen || `127.0.0.1:${settings.port}`,
    data: settings.data,
    reconcileEvery: settings.reconcileEvery,
  };
}
