import { HedgerowError } from '@hedgerow/common';
import { Argument, Command } from 'commander';
import { ERRORS } from '../errors.ts';
import type { Variables } from '../install/environment.ts';
import { install } from '../install/install.ts';
import { type InstallRoleName, ROLE_NAMES } from '../install/roles.ts';
import { readSets } from '../install/settings.ts';
import { type Context, example } from './context.ts';

interface Named {
  cluster?: string;
  root?: string;
  name?: string;
  location?: string;
  token?: string;
  adminPassword?: string;
  host?: string;
}

interface Options extends Named {
  set: string[];
  prefix: string;
  dryRun?: boolean;
}

export function installCommand(context: Context): Command {
  const command = new Command('install')
    .summary('run a role as a service of systemd')
    .description(
      'Writes a unit and a file of variables (mode 0600), and starts the service, now and at every boot. Again, with other options, it changes those and keeps the rest.',
    )
    .addArgument(new Argument('<role>', 'what to install').choices(ROLE_NAMES))
    .option('--cluster <host>', 'worker: the Cluster Manager, host or host:port')
    .option('--root <host>', 'cluster: the System Manager, host or host:port')
    .option('--token <token>', 'join token of the cluster or the root; see `hedge token`')
    .option('--name <name>', 'cluster: its name')
    .option('--location <text>', 'cluster: "lat,lon,radius" or free text')
    .option('--admin-password <text>', 'root: password of user Admin')
    .option('--host <address>', 'root, cluster: address to listen on (0.0.0.0 at the first install)')
    .option('--set <NAME=value>', 'any other variable of the role; again for more', collect, [])
    .option('--prefix <dir>', 'write below this folder and start nothing: for images of machines', '')
    .option('--dry-run', 'print what would be written')
    .action((role: InstallRoleName, options: Options) =>
      install(role, {
        variables: variablesOf(role, options, context.io.env),
        prefix: options.prefix,
        dryRun: options.dryRun === true,
        say: line => context.io.out(`${line}\n`),
      }),
    );
  return example(
    command,
    'sudo hedge install worker --cluster cluster1.example --token $(cat token)',
    'sudo ADMIN_PASSWORD=… hedge install root',
    'sudo ROOT_TOKEN=… hedge install cluster --root root.example --name munich --location 48.1,11.6,1000',
    'sudo hedge install worker --set HEDGEROW_VCPUS=2     # later: changes this one',
  );
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** Variables that an operator may have exported instead: a secret on a command line is seen by others. */
const EXPORTED: Readonly<Record<InstallRoleName, readonly string[]>> = {
  root: ['ADMIN_PASSWORD', 'MONGODB_URL'],
  cluster: ['SYSTEM_MANAGER_URL', 'CLUSTER_NAME', 'CLUSTER_LOCATION', 'ROOT_TOKEN', 'MQTT_PASSWORD'],
  worker: ['HEDGEROW_CLUSTER_ADDRESS', 'HEDGEROW_WORKER_TOKEN'],
  'net-manager': [],
  'node-engine': ['HEDGEROW_CLUSTER_ADDRESS', 'HEDGEROW_WORKER_TOKEN'],
};

const OF_WORKER = { cluster: workerAddress, token: one('HEDGEROW_WORKER_TOKEN') };
const NAMED: Readonly<Record<InstallRoleName, Partial<Record<keyof Named, (value: string) => Variables>>>> = {
  root: { adminPassword: one('ADMIN_PASSWORD'), host: one('ROOT_HOST') },
  cluster: {
    root: one('SYSTEM_MANAGER_URL'),
    token: one('ROOT_TOKEN'),
    name: one('CLUSTER_NAME'),
    location: one('CLUSTER_LOCATION'),
    host: one('CLUSTER_HOST'),
  },
  worker: OF_WORKER,
  'net-manager': {},
  'node-engine': OF_WORKER,
};

/** @throws USAGE for an option that this role does not have */
function variablesOf(role: InstallRoleName, options: Options, env: NodeJS.ProcessEnv): Variables {
  const { set, prefix: _, dryRun: __, ...named } = options;
  const exported = EXPORTED[role].map(name => [name, env[name] ?? '']).filter(([, value]) => value !== '');
  const given = Object.entries(named).map(([option, value]) => {
    const read = NAMED[role][option as keyof Named];
    if (read) return read(value);
    const name = option.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
    throw new HedgerowError(ERRORS.USAGE, `a ${role} has no option --${name}`);
  });
  return Object.assign(Object.fromEntries(exported), ...given, readSets(role, set)) as Variables;
}

function one(name: string): (value: string) => Variables {
  return value => ({ [name]: value });
}

/** `host` or `host:port` */
function workerAddress(value: string): Variables {
  const match = /^(.+?)(?::(\d+))?$/.exec(value);
  return { HEDGEROW_CLUSTER_ADDRESS: match?.[1] ?? '', HEDGEROW_CLUSTER_PORT: match?.[2] ?? '' };
}
