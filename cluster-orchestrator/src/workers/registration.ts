import { isDeepStrictEqual } from 'node:util';
import { type Clock, HedgerowError, type Logger, newId, newSecret, type SerialByKey } from '@hedgerow/common';
import type { RegisterRequest, RegisterResponse } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';
import type { Worker } from '../model.ts';
import type { Broker } from '../mqtt/broker.ts';
import type { Held } from '../root/reserve.ts';
import { hashSecret, sameSecret } from './secrets.ts';
import type { Workers } from './workers.ts';

export interface Registration {
  workers: Workers;
  serial: SerialByKey;
  /** @param record stores the worker with its subnet @throws ROOT_UNREACHABLE, SUBNET_REFUSED */
  takeSubnet(record: (held: Held) => Promise<void>): Promise<void>;
  joinToken: string;
  /** bound to loopback: a worker may join without a token */
  trusting: boolean;
  clusterName: string;
  clusterId(): string;
  broker: Pick<Broker, 'host' | 'port' | 'accounts'>;
  clock: Clock;
  log: Logger;
}

/**
 * A worker joins, or comes back and keeps its id and its subnet. Its id, not its host name, is who it is.
 *
 * @throws JOIN_TOKEN_MISSING, JOIN_TOKEN_INVALID, WORKER_SECRET_WRONG, ROOT_UNREACHABLE, SUBNET_REFUSED
 */
export async function register(ctx: Registration, request: RegisterRequest): Promise<RegisterResponse> {
  const id = request.id || newId(ctx.clock.now());
  return ctx.serial.run(id, async () => {
    const known = ctx.workers.get(id);
    if (known) checkSecret(known, request.secret ?? '');
    else checkToken(ctx, request.token ?? '');
    const secret = known ? (request.secret as string) : newSecret();
    const worker = await save(ctx, known, held => toWorker(id, secret, held, request));
    await ctx.broker.accounts.grant(worker);
    ctx.log.info(
      { worker: id, hostname: request.host, subnet: worker.subnet },
      known ? 'worker came back' : 'worker joined',
    );
    return { ...answer(ctx, worker, secret), subnet_why: known?.renumbered ?? '' };
  });
}

export function checkToken(ctx: Pick<Registration, 'joinToken' | 'trusting'>, token: string): void {
  if (token === '' && ctx.trusting) return;
  if (token === '') {
    throw new HedgerowError(ERRORS.JOIN_TOKEN_MISSING, 'the join token of this cluster is needed: `token`');
  }
  if (!sameSecret(token, hashSecret(ctx.joinToken))) {
    throw new HedgerowError(ERRORS.JOIN_TOKEN_INVALID, 'this is not the join token of this cluster');
  }
}

function checkSecret(known: Worker, secret: string): void {
  if (sameSecret(secret, known.secret_hash)) return;
  throw new HedgerowError(
    ERRORS.WORKER_SECRET_WRONG,
    `worker ${known.id} is registered and this is not its secret; leave out \`id\` to join as a new worker`,
  );
}

async function save(
  ctx: Registration,
  known: Worker | undefined,
  withSubnet: (held: Held) => Worker,
): Promise<Worker> {
  let worker = withSubnet({ subnet: known?.subnet ?? '', holder: known?.subnet_holder ?? '' });
  const record = (held: Held) => {
    worker = withSubnet(held);
    return ctx.workers.save(worker);
  };
  if (worker.subnet === '' && worker.overlay) await ctx.takeSubnet(record);
  // who comes back as he was needs no disk, which may be full
  else if (!isDeepStrictEqual(known, worker)) await ctx.workers.save(worker);
  return worker;
}

const NAMED = new Set([
  'host',
  'id',
  'secret',
  'token',
  'vcpus',
  'vgpus',
  'memory',
  'architecture',
  'virtualization',
  'public_address',
  'tunnel_port',
  'overlay',
  'problems',
  'beat',
  'dead_after',
  'back_in',
]);

function toWorker(id: string, secret: string, held: Held, request: RegisterRequest): Worker {
  const { vgpus } = request as { vgpus?: unknown };
  return {
    id,
    hostname: request.host,
    secret_hash: hashSecret(secret),
    vcpus: request.vcpus,
    memory: request.memory,
    vgpus: typeof vgpus === 'number' && vgpus > 0 ? Math.floor(vgpus) : 0,
    architecture: request.architecture,
    virtualization: request.virtualization,
    public_address: request.public_address,
    tunnel_port: request.tunnel_port,
    overlay: request.overlay,
    problems: request.problems ?? [],
    dead_after: request.dead_after ?? 0,
    beat: request.beat ?? 0,
    back_in: request.back_in ?? 0,
    subnet: held.subnet,
    subnet_holder: held.holder,
    renumbered: '',
    extra: Object.fromEntries(Object.entries(request).filter(([key]) => !NAMED.has(key))),
  };
}

function answer(ctx: Registration, worker: Worker, secret: string): RegisterResponse {
  const { id, subnet } = worker;
  return {
    id,
    MQTT_BROKER_PORT: String(ctx.broker.port),
    MQTT_BROKER_HOST: ctx.broker.host,
    mqtt_username: id,
    mqtt_password: ctx.broker.accounts.passwordOf(worker, secret),
    secret,
    subnet,
    cluster_id: ctx.clusterId(),
    cluster_name: ctx.clusterName,
  };
}
