import { messageOf } from '@hedgerow/common';
import type { FromCluster, FromRoot } from '@hedgerow/protos';
import type { Jobs } from '../jobs/context.ts';
import type { LogRelay } from '../logs/relay.ts';
import type { Queries } from '../network/queries.ts';
import { onLogRequest } from './handlers/log-request.ts';
import { onLogStop } from './handlers/log-stop.ts';
import { onPlace } from './handlers/place.ts';
import { onRefused } from './handlers/refused.ts';
import { onRemove } from './handlers/remove.ts';
import { onSubnetGrant } from './handlers/subnet-grant.ts';
import { onTableEntry } from './handlers/table-entry.ts';
import type { Subnets } from './subnets.ts';

/** What the handlers of the root's messages work with. */
export interface Down {
  jobs: Jobs;
  subnets: Subnets;
  queries: Queries;
  logs: Pick<LogRelay, 'request' | 'stop' | 'rootLost'>;
  send(message: FromCluster): boolean;
  /** The root has given a holder another subnet. Never rejects. */
  regranted(holder: string, subnet: string): Promise<void>;
}

type Bodies = Omit<FromRoot, 'body' | 'welcome'>;
type Body = keyof Bodies;
type Handlers = {
  readonly [K in Body]: (down: Down, body: NonNullable<Bodies[K]>) => void | Promise<void>;
};

const HANDLERS: Handlers = {
  place: onPlace,
  remove: onRemove,
  subnet_grant: onSubnetGrant,
  table_entry: onTableEntry,
  refused: onRefused,
  log_request: onLogRequest,
  log_stop: onLogStop,
};

/** Never throws, never rejects: what failed here is repeated by the root when its deadline is over. */
export async function dispatch(down: Down, message: FromRoot): Promise<void> {
  try {
    for (const key of Object.keys(HANDLERS) as Body[]) await handle(down, key, message);
  } catch (error) {
    down.jobs.log.error({ message: message.body, error: messageOf(error) }, 'message of the root failed');
  }
}

async function handle<K extends Body>(down: Down, key: K, message: FromRoot): Promise<void> {
  const body: Bodies[K] = message[key];
  if (body) await HANDLERS[key](down, body);
}
