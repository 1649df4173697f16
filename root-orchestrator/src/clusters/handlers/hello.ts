import { messageOf } from '@hedgerow/common';
import { CLUSTER_NAME_RULE, type Hello, isClusterName } from '@hedgerow/protos';
import type { Session } from '../session.ts';
import type { Handler, HandlerParts } from './handler.ts';

/** ms that workers have to ask again for the subnets that their cluster did not name */
const DOUBT_FOR = 600_000;

/** The first message of a stream: who is it, and what has it got. */
export const hello: Handler<'hello'> = async (session, message, parts) => {
  const { cluster_name: name } = message;
  if (session.clusterId !== '') return session.refuse('HELLO_REPEATED', 'a stream begins with one Hello');
  if (!isClusterName(name)) return session.refuse('CLUSTER_NAME_INVALID', describeName(name));
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

async function welcome(session: Session, message: Hello, parts: HandlerParts): Promise<void> {
  await parts.clusters.attach(session, message);
  session.send({
    welcome: {
      cluster_id: session.clusterId,
      epoch: parts.reign.epoch,
      send_list: false,
      table_known: false,
    },
  });
  await compareSubnets(session, message, parts);
  const { clusterId: cluster_id, name: cluster } = session;
  parts.log.info({ cluster, cluster_id, instances: message.instances.length }, 'cluster connected');
  await parts.table.introduceAll(session);
  await parts.driver.compare(session, message.instances);
  parts.driver.roomier();
}

async function compareSubnets(session: Session, message: Hello, parts: HandlerParts): Promise<void> {
  const { subnets, clock, log } = parts;
  await subnets.compare(session.clusterId, message.subnets, log);
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
    const { promise: timeout, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(left, resolve);
    await Promise.race([older.closed, session.closed, timeout]);
    cancel();
    if (!session.open) return true;
  }
  return true;
}

function describeName(name: string): string {
  return `cluster name ${JSON.stringify(name)} is not ${CLUSTER_NAME_RULE}`;
}
