/** A cluster: one process at a time over a disk that stays. Its broker lives in it. */

import {
  type Broker,
  buildParts,
  type ClusterConfig,
  clusterMeter,
  type Dialed,
  dispatch,
  type Parts,
  register,
  type State,
  sameSecret,
  slot,
  stateOver,
} from '@hedgerow/cluster-orchestrator/testing/parts';
import { HedgerowError, type Logger, SerialByKey } from '@hedgerow/common';
import { MetricRegistry } from '@hedgerow/common/metrics';
import type { JsonAnswer } from '@hedgerow/node-engine/testing/parts';
import type { RegisterRequest } from '@hedgerow/protos';
import type { Process } from '../time/process.ts';
import { SimulatedBroker } from '../wire/broker.ts';
import { type ClientParts, OutsideClient, type UpMessage } from '../wire/outside.ts';
import { Host, type HostParts } from './host.ts';

export interface ClusterParts extends HostParts {
  name: string;
  dial(process: Process): Dialed;
  /** null = its broker is embedded */
  outside: Pick<ClientParts, 'line' | 'broker' | 'broken'> | null;
  /** each message of a worker */
  heard(topic: string, payload: Buffer): void;
}

interface Running {
  process: Process;
  state: State;
  parts: Parts;
  broker: Broker;
  /** null = it has an outside one */
  embedded: SimulatedBroker | null;
  register(request: RegisterRequest): Promise<JsonAnswer>;
}

export class ClusterHost extends Host {
  readonly #parts: ClusterParts;
  running: Running | null = null;

  constructor(parts: ClusterParts) {
    super(parts.name, parts);
    this.#parts = parts;
  }

  protected forget(): void {
    this.running = null;
  }

  protected async boot(process: Process): Promise<void> {
    const { timeline, log, dial, heard, outside } = this.#parts;
    const deps = { clock: process.clock, log };
    const state = stateOver(this.open(process), deps);
    await state.load();
    const broker = slot<Broker>('the broker');
    const port = slot<number>('the HTTP server');
    const meter = clusterMeter(new MetricRegistry(log));
    const config = configOf(this.name);
    const parts = buildParts({ config, deps, state, broker, port, meter, dial: () => dial(process) });
    this.mutate.cluster?.(parts);
    const onMessage = (message: UpMessage) => {
      heard(message.topic, message.payload);
      void dispatch(parts.up, message);
    };
    let embedded: SimulatedBroker | null = null;
    if (outside) broker.set(new OutsideClient({ process, timeline, onMessage, ...outside }));
    else {
      embedded = this.#embedded(process, state, onMessage);
      broker.set(embedded);
    }
    port.set(10_100);
    parts.link.start();
    this.running = {
      ...{ process, state, parts, embedded, broker: broker.get() },
      register: registrar(config, state, parts, broker.get(), deps),
    };
  }

  #embedded(process: Process, state: State, onMessage: (message: UpMessage) => void): SimulatedBroker {
    return new SimulatedBroker({
      ...{ process, timeline: this.#parts.timeline, kept: new Map() },
      authenticate(id, secret) {
        const worker = state.workers.get(id);
        return worker !== undefined && sameSecret(secret, worker.secret_hash);
      },
      subscribes: id => this.mutate.subscribes?.(id) ?? true,
      onMessage: ({ topic, payload }) => onMessage({ topic, payload, retained: false }),
    });
  }
}

function configOf(name: string): ClusterConfig {
  return {
    ...{ name, location: '', root: 'root:10000', rootToken: '', rootTokenFile: '' },
    ...{ host: '127.0.0.1', port: 0, mqttPort: 0, mqttUrl: '', mqttUser: '', mqttPassword: '' },
    ...{
      mqttPublicAddress: '',
      mqttAccounts: 'auto',
      address: '',
      data: '',
      workerDeadAfter: 5000,
      spareSubnets: 1,
      assets: '',
    },
  };
}

function registrar(
  config: ClusterConfig,
  state: State,
  parts: Parts,
  broker: Broker,
  deps: { clock: Process['clock']; log: Logger },
) {
  const context = {
    ...{ workers: state.workers, serial: new SerialByKey(), joinToken: 'token', trusting: true, broker },
    ...{ clusterName: config.name, clusterId: state.clusterId, ...deps },
    takeSubnet: (record: Parameters<Parts['reserve']['take']>[0]) => parts.reserve.take(record),
  };
  return async (request: RegisterRequest): Promise<JsonAnswer> => {
    try {
      return { status: 200, body: await register(context, request) };
    } catch (error) {
      if (!(error instanceof HedgerowError)) throw error;
      return { status: error.kind.http, body: { error: error.code, message: error.message } };
    }
  };
}
