import { messageOf, pause } from '@hedgerow/common';
import { CLUSTER_NAME_RULE, type Hello, isClusterName } from '@hedgerow/protos';
import { isBelieved } from '../belief.ts';
import { saneHello } from '../sane.ts';
import type { Session } from '../session.ts';
import type { Handler, HandlerParts } from './handler.ts';
import { list } from './list.ts';

/** ms that workers have to ask again for the subnets that their cluster did not name */
const DOUBT_FOR = 600_000;
/** Leaders come one after the other: who knows of so many more than there have been makes the number up. */
const MOST_EPOCHS_AHEAD = 1_000_000;

/** The first message of a stream: who is it, and what has it got. */
export const hello: Handler<'hello'> = async (session, message, parts) => {
  const { cluster_name: name } = message;
  if (session.clusterId !== '') return session.refuse('HELLO_REPEATED', 'a stream begins with one Hello');
  if (!isClusterName(name)) return session.refuse('CLUSTER_NAME_INVALID', describeName(name));
  if (isAbsurd(message, parts)) {
    const epochs = { epoch: message.epoch, own: parts.reign.epoch };
    parts.log.error({ cluster: name, peer: session.peer, ...epochs }, 'a cluster names an absurd epoch');
    return session.refuse('EPOCH_ABSURD', `epoch ${message.epoch} cannot be: this is epoch ${epochs.own}`);
  }
  if (isOutbid(message, parts)) {
    session.refuse('NOT_LEADING', `another root has led since epoch ${parts.reign.epoch}`);
    return parts.outbid(message.epoch);
  }
  if (!(await isFree(name, session, parts))) {
    parts.log.warn({ cluster: name, peer: session.peer }, 'a second cluster of this name was turned away');
    return session.refuse('CLUSTER_NAME_TAKEN', `a cluster named ${name} is connected; choose another name`);
  }
  if (session.open) await welcome(session, message, parts);
};

/** With an embedded store there is no other root; a cluster that comes from one with another store is welcome. */
function isOutbid({ epoch }: Hello, { reign }: HandlerParts): boolean {
  return reign.epoch > 0 && epoch > reign.epoch;
}

/** An epoch that a leader takes is above every one that it has heard of: it must not be pushed to the end of the numbers. */
function isAbsurd({ epoch }: Hello, { reign }: HandlerParts): boolean {
  return reign.epoch > 0 && epoch > reign.epoch + MOST_EPOCHS_AHEAD;
}

async function welcome(session: Session, message: Hello, parts: HandlerParts): Promise<void> {
  const { board, clusters, driver, log, reign, subnets, table } = parts;
  await clusters.attach(session, saneHello(message));
  const { clusterId: cluster_id, name: cluster } = session;
  const table_known = await table.isKnown(session, message.table_digest);
  const believed = !message.listed && isBelieved(cluster_id, message, { board, subnets });
  const send_list = !message.listed && !believed;
  session.send({ welcome: { cluster_id, epoch: reign.epoch, send_list, table_known } });
  freeDoubtedLater(session, parts);
  const instances = message.listed ? message.instances.length : undefined;
  log.info({ cluster, cluster_id, instances, believed, table_known }, 'cluster connected');
  await driver.found(session);
  if (!table_known) await table.introduceAll(session);
  if (message.listed) await list(session, message, parts);
  else if (believed) await agree(session, parts);
}

async function agree(session: Session, { driver, subnets }: HandlerParts): Promise<void> {
  subnets.confirm(session.clusterId);
  await driver.agree(session);
  driver.roomier();
}

function freeDoubtedLater(session: Session, { subnets, clock, log }: HandlerParts): void {
  const cancel = clock.after(DOUBT_FOR, () => {
    subnets.releaseDoubted(session.clusterId, log).catch((error: unknown) => {
      log.warn({ cause: messageOf(error) }, 'worker subnets could not be freed; the next Hello tries again');
    });
  });
  void session.closed.then(cancel);
}

/**
 * A cluster that lost its connection may be back before its old stream is known to be dead. So the newer stream waits
 * as long as the pings of the older one may need to fail; who still answers then is another cluster.
 */
async function isFree(
  name: string,
  session: Session,
  { clusters, clock, deadAfter }: HandlerParts,
): Promise<boolean> {
  const until = clock.monotonic() + deadAfter;
  for (let older = clusters.liveUnder(name); older; older = clusters.liveUnder(name)) {
    const left = until - clock.monotonic();
    if (left <= 0) return false;
    const wait = pause(clock, left);
    await Promise.race([older.closed, session.closed, wait.over]);
    wait.end();
    if (!session.open) return true;
  }
  return true;
}

function describeName(name: string): string {
  return `cluster name ${JSON.stringify(name)} is not ${CLUSTER_NAME_RULE}`;
}
