import { integer, port, type Settings, text } from '@hedgerow/common';

export interface RootConfig {
  host: string;
  port: number;
  /** path of a unix socket that serves the same; "" = none */
  socket: string;
  /** directory of the store and the secrets */
  data: string;
  /** password that user Admin is made with; "" = `Admin`, on loopback only */
  adminPassword: string;
  /** directory of `cluster-link.proto` and `swagger-ui/` beside a bundle; "" = from the packages */
  assets: string;
  /** life of an access token, s */
  accessTokenSeconds: number;
}

export const rootSettings: Settings<RootConfig> = {
  host: {
    flag: 'host',
    env: 'ROOT_HOST',
    default: '127.0.0.1',
    help: 'address that the API and clusters are served on',
    parse: text,
  },
  port: { flag: 'port', short: 'p', env: 'MY_PORT', default: 10000, help: 'its port', parse: port },
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
};
