/** Each tier says only what it may, and what one worker says of one instance are moves that the table allows. */
import { canMove, isStatus, isWrittenBy, type Move, STATUSES, type Status } from '@hedgerow/protos';
import type { World } from '../world.ts';

/** @returns what is wrong, one sentence each */
export async function checkHistories(world: World): Promise<string[]> {
  const histories = await world.root.stored.histories.find();
  // what a manager had not written, or had sent on a line that was dead, is gone with it
  const managers = [world.root, ...world.sites.map(({ host }) => host)];
  const mayFollow = managers.some(({ hasDied }) => hasDied) ? canComeTo : canMove;
  return histories.flatMap(({ id, moves }) =>
    moves.flatMap((move, index) => checkMove(id, move, moves.slice(0, index), mayFollow)),
  );
}

/** Over what is missing, too. */
function canComeTo(from: Status, to: Status, been: ReadonlySet<Status> = new Set()): boolean {
  if (canMove(from, to)) return true;
  const next = STATUSES[from].next.filter(it => isWrittenBy('worker', it) && !been.has(it));
  return next.some(it => canComeTo(it, to, new Set([...been, from])));
}

/** What a root that was killed had not removed yet, its next start does; after one on a full disk, a later sweep. */
export async function checkOutlived(world: World): Promise<string[]> {
  const { histories, instances } = world.root.stored;
  const there = new Set((await instances.find()).map(({ id }) => id));
  const outlived = (await histories.find()).filter(
    ({ id, gone_at }) => !there.has(id) && gone_at === undefined,
  );
  return outlived.map(({ id }) => `the history of ${id} has outlived it`);
}

function checkMove(id: string, move: Move, before: readonly Move[], mayFollow: typeof canMove): string[] {
  const { tier, status, worker_id } = move;
  if (!isStatus(status)) return [`history of ${id}: ${status} is no state`];
  if (!isWrittenBy(tier, status)) return [`history of ${id}: ${status} is not for the ${tier} to say`];
  if (tier !== 'worker') return [];
  const last = before.findLast(earlier => earlier.tier !== 'worker' || earlier.worker_id === worker_id);
  // after a word of root or cluster it is another placement, and after a removal, too: their word may have come before it
  const isAnother = last?.tier !== 'worker' || (last.status === 'UNDEPLOYED' && status === 'CREATING');
  if (isAnother || !isStatus(last.status) || mayFollow(last.status, status)) return [];
  return [`history of ${id}: ${last.status} became ${status} on worker ${worker_id}`];
}
