/**
 * How a worker joins: `POST /api/node/register`, again and again until the cluster answers. Id and secret of the first
 * registration are kept, so that the same machine stays the same worker whatever its name or address.
 */
import {
  type BackoffOptions,
  backoff,
  type Clock,
  type Collection,
  type Document,
  HedgerowError,
  isId,
  type Logger,
  messageOf,
  put,
  type Store,
} from '@hedgerow/common';
import type { RegisterRequest, RegisterResponse } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import { isDisk } from '../patience.ts';
import { type JsonAnswer, postJson } from './http.ts';

/** The one document of its collection. `public_address` is what was last said to the cluster. */
export interface RegistrationDocument extends Document, RegisterResponse {
  worker_id: string;
  public_address: string;
  /** ids that this machine had before, whose containers may still be there */
  former?: string[];
  /** what is stored as having to run was a former id's */
  outdated?: boolean;
}

export function registrationIn(store: Store): Collection<RegistrationDocument> {
  return store.collection<RegistrationDocument>('registration', []);
}

export const REGISTRATION = 'registration';
const RETRY = { first: 250, max: 2000, jitter: 0.5 };
const TIMEOUT = 10_000;

export interface RegistrationDeps {
  store: Collection<RegistrationDocument>;
  clock: Clock;
  log: Logger;
  /** what this machine offers, asked anew for every try: addresses change */
  describe: () => Promise<Omit<RegisterRequest, 'id' | 'secret'>>;
  cluster: { host: string; port: number };
  /** between two tries */
  retry?: BackoffOptions;
  /** how the cluster is asked; over HTTP when left out */
  post?: typeof postJson;
}

/** @returns the answer of the cluster, stored. Tries for ever; ends early only when `signal` aborts. */
export async function registerForEver(
  deps: RegistrationDeps,
  signal: AbortSignal,
): Promise<RegistrationDocument> {
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await register(deps);
    } catch (error) {
      const delay = backoff(attempt, deps.retry ?? RETRY);
      const fields = { cluster: deps.cluster, retry_ms: Math.round(delay), attempt };
      deps.log[isTold(attempt) ? 'warn' : 'debug'](fields, `not registered: ${messageOf(error)}`);
      await pause(deps.clock, delay, signal);
    }
  }
}

/** A cluster may be away for days: the first tries get a line each, later ones about one in a minute. */
function isTold(attempt: number): boolean {
  return attempt < 5 || attempt % 40 === 0;
}

/** @throws REGISTRATION_REFUSED (the cluster said no), REGISTRATION_FAILED (no usable answer) */
export async function register(deps: RegistrationDeps): Promise<RegistrationDocument> {
  const known = await deps.store.get(REGISTRATION);
  const offer = await deps.describe();
  const identity = known ? { id: known.worker_id, secret: known.secret } : {};
  const answer = await post(deps, { ...offer, ...identity });
  const response = checkAnswer(answer, offer.overlay);
  const next = {
    ...response,
    worker_id: response.id,
    id: REGISTRATION,
    public_address: offer.public_address,
    ...leftBehind(known, response.id),
  };
  return put(deps.store, next).catch(error => unstored(deps, known, next, error));
}

/**
 * With a full disk a worker goes on under the id that it has: what is stored still says who it is. Another id must be
 * stored, or its containers would be nobody's after a restart.
 */
function unstored(
  deps: RegistrationDeps,
  known: RegistrationDocument | null,
  next: Omit<RegistrationDocument, 'revision'>,
  error: unknown,
): RegistrationDocument {
  if (!isDisk(error) || known?.worker_id !== next.worker_id || known.secret !== next.secret) throw error;
  deps.log.warn({ worker: next.worker_id }, `the registration is not stored: ${messageOf(error)}`);
  return { ...next, revision: known.revision };
}

/** Stored with the new id in one write: whenever the engine dies, it knows what is to be cleared away. */
function leftBehind(
  known: RegistrationDocument | null,
  id: string,
): Required<Pick<RegistrationDocument, 'former' | 'outdated'>> {
  const { worker_id = id, former = [], outdated = false } = known ?? {};
  if (worker_id === id) return { former, outdated };
  return { former: [...former, worker_id].filter(other => other !== id), outdated: true };
}

async function post(
  { cluster, post: ask = postJson }: Pick<RegistrationDeps, 'cluster' | 'post'>,
  body: RegisterRequest,
): Promise<JsonAnswer> {
  try {
    return await ask({ ...cluster, path: '/api/node/register' }, body, TIMEOUT);
  } catch (cause) {
    const where = `${cluster.host}:${cluster.port}`;
    const message = `the Cluster Manager at ${where} does not answer: ${messageOf(cause)}`;
    throw new HedgerowError(ERRORS.REGISTRATION_FAILED, message, { cause });
  }
}

function checkAnswer(answer: JsonAnswer, overlay: boolean): RegisterResponse {
  const body = (typeof answer.body === 'object' ? answer.body : null) as Record<string, unknown> | null;
  if (answer.status !== 200 || !body) {
    const why = typeof body?.message === 'string' ? body.message : 'without a reason';
    const kind =
      answer.status >= 400 && answer.status < 500 ? ERRORS.REGISTRATION_REFUSED : ERRORS.REGISTRATION_FAILED;
    throw new HedgerowError(kind, `the Cluster Manager answered ${answer.status}: ${why}`);
  }
  const word = (key: keyof RegisterResponse): string => (typeof body[key] === 'string' ? body[key] : '');
  const response: RegisterResponse = {
    id: word('id'),
    MQTT_BROKER_PORT: String(body.MQTT_BROKER_PORT ?? ''),
    MQTT_BROKER_HOST: word('MQTT_BROKER_HOST'),
    mqtt_username: word('mqtt_username'),
    mqtt_password: word('mqtt_password'),
    secret: word('secret'),
    subnet: word('subnet'),
    subnet_why: word('subnet_why'),
    cluster_id: word('cluster_id'),
    cluster_name: word('cluster_name'),
  };
  const missing = firstMissing(response, overlay);
  if (missing) throw new HedgerowError(ERRORS.REGISTRATION_FAILED, `the cluster's answer ${missing}`);
  return response;
}

function firstMissing(response: RegisterResponse, overlay: boolean): string | null {
  if (!isId(response.id)) return `has no worker id of 24 hex digits: ${JSON.stringify(response.id)}`;
  const port = Number(response.MQTT_BROKER_PORT);
  if (!Number.isInteger(port) || port < 1 || port > 65535) return 'has no MQTT_BROKER_PORT';
  if (overlay && response.subnet === '') return 'has no subnet for this worker yet';
  return null;
}

/** Waits `ms`, or throws when `signal` aborts. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}
