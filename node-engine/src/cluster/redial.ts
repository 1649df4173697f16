/**
 * A line that lost what was sent on it comes back when TCP says it again, each time after twice the wait: after a cut of
 * two seconds that may take two more, and the cluster counts the silence. So the cluster is dialled beside it at
 * short, even distances, and when it can be reached so, while the line still hangs, the line is given up for a new one.
 */
import { connect, type Socket } from 'node:net';
import type { Clock } from '@hedgerow/common';
import type { Session } from '../mqtt/session.ts';
import { lineOf as askKernel } from './line.ts';

export interface RedialDeps {
  clock: Clock;
  host: string;
  port: number;
  /** what is done when the line hangs and the cluster can be reached */
  giveUp(): void;
  /** what the kernel knows of the line */
  lineOf?: typeof askKernel;
  dial?: typeof reach;
}

/** ms from a message to the look whether it has arrived */
const LOOK = 250;
/** ms between two looks, and two tries, while it has not */
const AGAIN = 150;
/** The first repetition may be a lost packet alone; the next one says that more is amiss. */
const REPEATED = 2;
/** ms of a try: as long as others begin; a SYN is said again after 1 s, when a later one is there */
const TRY_FOR = 1000;
/** Looks; a cut that lasts longer is found by the beat that is not acknowledged, and the back-off is for it. */
const MOST_LOOKS = 60;

/** @returns the session; after each message it is looked whether it arrives, until the session ends */
export function redialled(session: Session, deps: RedialDeps): Session {
  const { ends } = session;
  if (!ends) return session;
  const look = looker(ends, deps);
  let ended = false;
  void session.closed.then(() => {
    ended = true;
  });
  const looked = () => look(() => ended);
  return {
    ...session,
    publish(...message) {
      session.publish(...message);
      looked();
    },
    publishAcknowledged(...message) {
      looked();
      return session.publishAcknowledged(...message);
    },
  };
}

/** One row of looks at a time. */
function looker(ends: NonNullable<Session['ends']>, deps: RedialDeps): (isOver: () => boolean) => void {
  const { clock, lineOf = askKernel } = deps;
  let looking = false;
  const look = async (isOver: () => boolean, left: number): Promise<void> => {
    const line = isOver() || left === 0 ? null : await lineOf(ends);
    looking = line !== null && line.unacknowledged > 0 && !isOver();
    if (!looking) return;
    clock.after(AGAIN, () => void look(isOver, left - 1));
    if ((line?.repeated ?? 0) < REPEATED || !(await (deps.dial ?? reach)(deps))) return;
    const now = isOver() ? null : await lineOf(ends);
    if (now && now.repeated >= REPEATED && !isOver()) deps.giveUp();
  };
  return isOver => {
    if (looking) return;
    looking = true;
    clock.after(LOOK, () => void look(isOver, MOST_LOOKS));
  };
}

/** Does a connection come about at once? It is closed again without a word. */
export function reach({ clock, host, port }: Pick<RedialDeps, 'clock' | 'host' | 'port'>): Promise<boolean> {
  return new Promise(resolve => {
    const socket: Socket = connect({ host, port });
    const done = (reached: boolean) => {
      cancel();
      socket.destroy();
      resolve(reached);
    };
    const cancel = clock.after(TRY_FOR, () => done(false));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
