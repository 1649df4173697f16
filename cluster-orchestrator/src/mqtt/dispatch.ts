import { messageOf, type Seldom } from '@hedgerow/common';
import { DOWN, parseNodeTopic, UP, type UpTopic } from '@hedgerow/protos';
import type { Jobs } from '../jobs/context.ts';
import type { LogRelay } from '../logs/relay.ts';
import type { Queries } from '../network/queries.ts';
import type { Beats } from '../workers/beats.ts';
import type { UpMessage } from './broker.ts';
import { onBeat } from './handlers/beat.ts';
import { onInformation } from './handlers/information.ts';
import { onJob } from './handlers/job.ts';
import { onLogs } from './handlers/logs.ts';
import { onPresence } from './handlers/presence.ts';
import { onResources } from './handlers/resources.ts';
import { onSync } from './handlers/sync.ts';
import { onTableQuery } from './handlers/table-query.ts';

/** What the handlers of workers' messages work with. */
export interface Up {
  jobs: Jobs;
  beats: Beats;
  queries: Queries;
  logs: Pick<LogRelay, 'chunk' | 'workerSynced'>;
  usageChanged(): void;
  /** at most once in a while per worker */
  askForSync(workerId: string): void;
  /** what workers may cause over and over is logged through it */
  seldom: Seldom;
}

type Handler = (up: Up, workerId: string, payload: Buffer, retained: boolean) => void | Promise<void>;

const HANDLERS: Readonly<Record<UpTopic, Handler>> = {
  [UP.information]: onInformation,
  [UP.job]: onJob,
  [UP.jobsResources]: onResources,
  [UP.beat]: onBeat,
  [UP.presence]: onPresence,
  [UP.sync]: onSync,
  [UP.tableQuery]: onTableQuery,
  [UP.logs]: onLogs,
};

/** A bad message costs at most a line in the log, and nothing else. Never throws, never rejects. */
export async function dispatch(up: Up, message: UpMessage): Promise<void> {
  const parsed = parseNodeTopic(message.topic);
  if (!parsed || !Object.hasOwn(HANDLERS, parsed.leaf)) return;
  const { workerId, leaf } = parsed;
  const { log, workers, liveness } = up.jobs;
  if (!workers.get(workerId)) {
    up.seldom.say('unknown', more =>
      log.warn({ worker: workerId, topic: leaf, more }, 'message of an unknown worker'),
    );
    return;
  }
  if (leaf !== UP.presence && !message.retained) liveness.heard(workerId);
  try {
    await HANDLERS[leaf as UpTopic](up, workerId, message.payload, message.retained);
  } catch (error) {
    const fields = { worker: workerId, topic: leaf, error: messageOf(error) };
    up.seldom.say(`bad ${workerId}`, more =>
      log.warn({ ...fields, more }, 'message not understood or not carried out'),
    );
  }
}

type Asking = Pick<Jobs, 'clock' | 'downlink' | 'workers'>;

/** @param gap ms between two requests to one worker */
export function syncAsker(jobs: Asking, gap: number, asked = new Map<string, number>()): Up['askForSync'] {
  jobs.workers.onChange((before, after) => {
    if (before && !after) asked.delete(before.id);
  });
  return workerId => {
    const now = jobs.clock.monotonic();
    if (now - (asked.get(workerId) ?? Number.NEGATIVE_INFINITY) < gap) return;
    asked.set(workerId, now);
    void jobs.downlink.send(workerId, DOWN.sync, {});
  };
}
