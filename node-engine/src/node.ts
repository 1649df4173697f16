/** The parts of a worker that are wired to each other, and made anew when a cluster gives it another id. */
import { type Running, Seldom, type Store } from '@hedgerow/common';
import type { MetricRegistry } from '@hedgerow/common/metrics';
import type { JobPayload, LogChunk } from '@hedgerow/protos';
import type { NodeDeps } from './app.ts';
import type { RegistrationDocument } from './cluster/registration.ts';
import type { NodeConfig } from './config.ts';
import { type Engine, type Machine, startEngine } from './engine.ts';
import { clearFormer, forgetOutdated } from './former.ts';
import { cores } from './host/cpu.ts';
import { memory } from './host/memory.ts';
import type { Slot } from './instances/slot.ts';
import { Restarts } from './metrics/restarts.ts';
import type { HandlerContext } from './mqtt/handlers/index.ts';
import { Uplink } from './mqtt/uplink.ts';
import { paceOf } from './profile.ts';
import { InstanceUsage } from './usage/instance-usage.ts';
import { MachineUsage } from './usage/machine-usage.ts';
import { reportUsage } from './usage/report.ts';

export interface NodeParts {
  readonly uplink: Uplink;
  readonly restarts: Restarts;
  workerId(): string;
  slots(): Slot[];
  runtimeAvailable(): boolean;
  handlers(): Omit<HandlerContext, 'registerAgain'>;
  /** The cluster has answered a registration. */
  registered(answer: RegistrationDocument): Promise<void>;
}

/** @param ending aborts what goes on in the background */
export async function composeNode(
  config: NodeConfig,
  deps: NodeDeps & { store: Store; metrics: MetricRegistry; machine?: Machine },
  first: RegistrationDocument,
  ending: AbortSignal,
): Promise<NodeParts & Running> {
  const pace = paceOf(config);
  const seldom = new Seldom(deps.clock);
  const restarts = new Restarts();
  const publish = (report: JobPayload) => {
    if (!isComplaint(report)) restarts.reported(report);
    return uplink.job(report);
  };
  const publishLogs = (chunk: LogChunk) => uplink.logs(chunk);
  const start = async (answer: RegistrationDocument) => {
    await forgetOutdated(deps.store);
    const engine = await startEngine(config, { ...deps, publish, publishLogs }, engineFacts(answer));
    await clearFormer(config, deps, ending);
    return engine;
  };
  const machine = deps.machine?.usage ?? new MachineUsage(config.vcpus || cores(), pace.noticeable.machine);
  const uplink: Uplink = new Uplink({
    ...deps,
    ...pace,
    instances: () => engine.instances,
    table: () => engine.gateway?.tableDigest() ?? 0,
    information: anew => machine.changed(anew),
  });
  let engine: Engine & Running = await start(first);
  const size = { cores: cores(), memory: memory().total };
  const instances = new InstanceUsage(size, pace.noticeable.instance);
  const running = () => engine.instances.running();
  const stopUsage = reportUsage({ ...deps, interval: pace.usage, machine, instances, uplink, running });
  return {
    uplink,
    restarts,
    workerId: () => engine.workerId,
    slots: () => engine.instances.all(),
    runtimeAvailable: () => engine.runtime.available(),
    handlers: () => ({
      instances: engine.instances,
      gateway: engine.gateway,
      logs: engine.logs,
      publishBeat: () => uplink.beat(),
      publishSync: () => uplink.sync(),
      worker: config.hostname,
      log: deps.log,
      seldom,
    }),
    async registered(answer) {
      if (answer.worker_id === engine.workerId) return engine.registered(engineFacts(answer));
      const { workerId } = engine;
      deps.log.warn({ was: workerId, is: answer.worker_id }, 'another id: what ran under the old one goes');
      await engine.stop();
      engine = await start(answer);
    },
    async stop() {
      stopUsage();
      await engine.stop();
    },
  };
}

/** About an order that was not carried out: it has no generation and no epoch, and nothing has ended. */
function isComplaint({ status, generation, epoch }: JobPayload): boolean {
  return status === 'FAILED' && generation === 0 && epoch === 0;
}

function engineFacts(answer: RegistrationDocument) {
  return { ...answer, id: answer.worker_id };
}
