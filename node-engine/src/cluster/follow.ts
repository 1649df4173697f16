import {
  type BackoffOptions,
  backoff,
  type Clock,
  every,
  isErrorOf,
  type Logger,
  messageOf,
} from '@hedgerow/common';
import type { MessageMeter } from '@hedgerow/common/metrics';
import { ERRORS } from '../errors.ts';
import { meteredSession } from '../metrics/session.ts';
import { dispatch, type HandlerContext } from '../mqtt/handlers/index.ts';
import { openSession, type Session } from '../mqtt/session.ts';
import type { Uplink } from '../mqtt/uplink.ts';
import { redialled } from './redial.ts';
import { pause, type RegistrationDeps, type RegistrationDocument, registerForEver } from './registration.ts';

export interface FollowDeps {
  clock: Clock;
  log: Logger;
  registration: RegistrationDeps;
  /** an answer of the cluster that is fresh; null = register first */
  registered: RegistrationDocument | null;
  onRegistered: (answer: RegistrationDocument) => void | Promise<void>;
  onConnected: (answer: RegistrationDocument) => void;
  handlers: () => Omit<HandlerContext, 'registerAgain'>;
  uplink: Uplink;
  messages: MessageMeter;
  /** host of the Cluster Manager, where the broker is unless it says otherwise */
  cluster: string;
  /** ms */
  beat: number;
  /** Is a line that hangs given up as soon as the cluster can be reached beside it? */
  redial?: boolean;
  /** between two tries */
  retry?: BackoffOptions;
  /** Has anything changed of what was said at the registration? */
  outdated?: () => Promise<boolean>;
  /** A message that cannot be a command. */
  onStrange?: (why: string, fields: object) => void;
  /** how the broker is connected to; over TCP when left out */
  open?: typeof openSession;
}

const RETRY = { first: 100, max: 2000, jitter: 0.5 };
/** The broker may have moved, or the cluster may have forgotten this worker: after so many failures, register again. */
const PATIENCE = 2;

/** ms that a connection must last: two machines with one id would drive each other out as fast as they can */
const STABLE = 10_000;
/** ms that one that hangs now must have carried what was said: some lines carry small packets alone */
const CARRIED = 3000;
/** ms between two looks at what the machine offers */
const LOOK = 30_000;

/** Registers and stays connected until `signal` aborts; never rejects. */
export async function followCluster(deps: FollowDeps, signal: AbortSignal): Promise<void> {
  const { clock, log, retry = RETRY } = deps;
  let answer = deps.registered;
  let short = 0;
  for (let failures = 0; !signal.aborted; ) {
    try {
      answer ??= await registered(deps, signal);
      const stay = newStay();
      const session = await connect(deps, answer, stay);
      if (signal.aborted) return session.end();
      failures = 0;
      deps.onConnected(answer);
      const begun = clock.monotonic();
      if (await serve(deps, session, stay)) answer = null;
      short = clock.monotonic() - begun < (stay.hung ? CARRIED : STABLE) ? short + 1 : 0;
      log.info({}, 'the connection to the cluster has ended');
      // the cluster was reached beside it just now
      if (stay.hung && short === 0) continue;
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ attempt: failures }, `not connected: ${messageOf(error)}`);
      failures++;
      if (isErrorOf(error, ERRORS.BROKER_REFUSED) || failures % PATIENCE === 0) answer = null;
    }
    await pause(clock, backoff(failures + short, retry), signal).catch(() => {});
  }
}

/** A connection on which the last answer to a registration counts, until `leave`. */
interface Stay {
  outdated: boolean;
  /** it was given up because nothing arrived on it any more */
  hung: boolean;
  leave(): void;
}

function newStay(): Stay {
  const stay: Stay = {
    outdated: false,
    hung: false,
    leave() {
      stay.outdated = true;
    },
  };
  return stay;
}

/** Until the connection ends. @returns whether it was left because worker or cluster have something else to say by now */
async function serve(deps: FollowDeps, session: Session, stay: Stay): Promise<boolean> {
  // orders are taken since the subscription
  if (stay.outdated) {
    await session.end();
    return true;
  }
  stay.leave = () => {
    if (!stay.outdated) void session.end();
    stay.outdated = true;
  };
  const look = async () => {
    if (stay.outdated || !(await deps.outdated?.())) return;
    deps.log.info({}, 'this machine offers something else than it said; registering again');
    stay.leave();
  };
  const unseen = (error: unknown) => deps.log.debug({}, `what the machine offers: ${messageOf(error)}`);
  const stop = every(deps.clock, LOOK, look, unseen);
  await deps.uplink.serve(meteredSession(session, deps.messages));
  stop();
  return stay.outdated;
}

async function registered(deps: FollowDeps, signal: AbortSignal): Promise<RegistrationDocument> {
  const answer = await registerForEver(deps.registration, signal);
  deps.log.info({ worker: answer.worker_id, cluster: answer.cluster_name }, 'registered');
  await deps.onRegistered(answer);
  return answer;
}

/**
 * The client sends a PINGREQ when nothing was acknowledged for as long as the keepalive: that is longer than the four
 * beats of which one is acknowledged (in the metered profile each is), so it never does.
 */
function connect(deps: FollowDeps, answer: RegistrationDocument, stay: Stay): Promise<Session> {
  const registerAgain = (subnet: string) => {
    if (subnet === answer.subnet) return;
    deps.log.info({ subnet }, 'the cluster has another subnet for this worker; registering again');
    stay.leave();
  };
  const to = { host: answer.MQTT_BROKER_HOST || deps.cluster, port: Number(answer.MQTT_BROKER_PORT) };
  const opened = (deps.open ?? openSession)({
    ...to,
    workerId: answer.worker_id,
    clock: deps.clock,
    username: answer.mqtt_username,
    password: answer.mqtt_password,
    keepalive: Math.max(20, Math.ceil((6 * deps.beat) / 1000)),
    ...(deps.onStrange ? { onStrange: deps.onStrange } : {}),
    onMessage(leaf, payload) {
      deps.messages.received(leaf);
      return dispatch({ ...deps.handlers(), registerAgain }, leaf, payload);
    },
  });
  if (!deps.redial) return opened;
  const giveUp = (session: Session) => {
    deps.log.info(
      {},
      'nothing arrives on the line to the broker, which can be reached beside it; connecting again',
    );
    stay.hung = true;
    session.abort();
  };
  const { clock } = deps;
  return opened.then(session => redialled(session, { ...to, clock, giveUp: () => giveUp(session) }));
}
