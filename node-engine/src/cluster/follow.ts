import { backoff, type Clock, isErrorOf, type Logger, messageOf } from '@hedgerow/common';
import type { MessageMeter } from '@hedgerow/common/metrics';
import { ERRORS } from '../errors.ts';
import { meteredSession } from '../metrics/session.ts';
import { dispatch, type HandlerContext } from '../mqtt/handlers/index.ts';
import { openSession, type Session } from '../mqtt/session.ts';
import type { Uplink } from '../mqtt/uplink.ts';
import { pause, type RegistrationDeps, type RegistrationDocument, registerForEver } from './registration.ts';

export interface FollowDeps {
  clock: Clock;
  log: Logger;
  registration: RegistrationDeps;
  /** an answer of the cluster that is fresh; null = register first */
  registered: RegistrationDocument | null;
  onRegistered: (answer: RegistrationDocument) => void | Promise<void>;
  onConnected: (answer: RegistrationDocument) => void;
  handlers: () => HandlerContext;
  uplink: Uplink;
  messages: MessageMeter;
  /** host of the Cluster Manager, where the broker is unless it says otherwise */
  cluster: string;
  /** ms */
  beat: number;
  /** how the broker is connected to; over TCP when left out */
  open?: typeof openSession;
}

const RETRY = { first: 100, max: 5000, jitter: 0.3 };
/** The broker may have moved, or the cluster may have forgotten this worker: after so many failures, register again. */
const PATIENCE = 2;

/** Registers and stays connected until `signal` aborts; never rejects. */
export async function followCluster(deps: FollowDeps, signal: AbortSignal): Promise<void> {
  let answer = deps.registered;
  for (let failures = 0; !signal.aborted; ) {
    try {
      answer ??= await registered(deps, signal);
      const session = await connect(deps, answer);
      if (signal.aborted) return session.end();
      failures = 0;
      deps.onConnected(answer);
      await deps.uplink.serve(meteredSession(session, deps.messages));
      deps.log.info({}, 'the connection to the cluster has ended');
    } catch (error) {
      if (signal.aborted) return;
      deps.log.warn({ attempt: failures }, `not connected: ${messageOf(error)}`);
      failures++;
      if (isErrorOf(error, ERRORS.BROKER_REFUSED) || failures % PATIENCE === 0) answer = null;
    }
    await pause(deps.clock, backoff(failures, RETRY), signal).catch(() => {});
  }
}

async function registered(deps: FollowDeps, signal: AbortSignal): Promise<RegistrationDocument> {
  const answer = await registerForEver(deps.registration, signal);
  deps.log.info({ worker: answer.worker_id, cluster: answer.cluster_name }, 'registered');
  await deps.onRegistered(answer);
  return answer;
}

/**
 * The client sends a PINGREQ when nothing was acknowledged for as long as the keepalive: that is longer than the four
 * beats of which one is acknowledged, so it never does.
 */
function connect(deps: FollowDeps, answer: RegistrationDocument): Promise<Session> {
  return (deps.open ?? openSession)({
    host: answer.MQTT_BROKER_HOST || deps.cluster,
    port: Number(answer.MQTT_BROKER_PORT),
    workerId: answer.worker_id,
    clock: deps.clock,
    username: answer.mqtt_username,
    password: answer.mqtt_password,
    keepalive: Math.max(20, Math.ceil((6 * deps.beat) / 1000)),
    onMessage(leaf, payload) {
      deps.messages.received(leaf);
      return dispatch(deps.handlers(), leaf, payload);
    },
  });
}
