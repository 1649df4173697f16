import { HedgerowError, type Logger, messageOf, type Seldom } from '@hedgerow/common';
import { DOWN, type DownTopic } from '@hedgerow/protos';
import type { Instances } from '../../instances/instances.ts';
import type { LogStreams } from '../../logs/streams.ts';
import type { NetGateway } from '../../net/gateway.ts';
import { handleDelete } from './delete.ts';
import { handleDeploy } from './deploy.ts';
import { handleLogs } from './logs.ts';
import { handleProbe } from './probe.ts';
import { handleRegister } from './register.ts';
import { handleSync } from './sync.ts';
import { handleTable } from './table.ts';
import { handleTableResult } from './table-result.ts';

/** What commands act on. */
export interface HandlerContext {
  instances: Pick<Instances, 'deploy' | 'delete' | 'refuse'>;
  /** null on a worker without an overlay */
  gateway: Pick<NetGateway, 'takeTable' | 'setEntry'> | null;
  logs: Pick<LogStreams, 'request'>;
  publishBeat: () => void;
  publishSync: () => void;
  /** @param subnet unless this worker has it */
  registerAgain: (subnet: string) => void;
  /** host name of this worker, for sentences */
  worker: string;
  log: Logger;
  seldom: Seldom;
}

export type Handler = (context: HandlerContext, topic: DownTopic, payload: Buffer) => void | Promise<void>;

const HANDLERS: Readonly<Record<DownTopic, Handler>> = {
  [DOWN.deploy]: handleDeploy,
  [DOWN.delete]: handleDelete,
  [DOWN.probe]: handleProbe,
  [DOWN.register]: handleRegister,
  [DOWN.sync]: handleSync,
  [DOWN.table]: handleTable,
  [DOWN.tableResult]: handleTableResult,
  [DOWN.logs]: handleLogs,
};

/** Handles one command; one that cannot be read or stored is logged, and the next one is still taken. */
export async function dispatch(context: HandlerContext, topic: DownTopic, payload: Buffer): Promise<void> {
  try {
    await HANDLERS[topic](context, topic, payload);
  } catch (error) {
    context.seldom.say(kindOf(topic, error), more =>
      context.log.error({ topic, more }, `command ignored: ${messageOf(error)}`),
    );
  }
}

/** Topic and field: what somebody sent is no part of it. */
function kindOf(topic: DownTopic, error: unknown): string {
  if (!(error instanceof HedgerowError)) return `${topic} ${(error as Error)?.name}`;
  return `${topic} ${error.code} ${error.errors[0]?.path ?? ''}`;
}
