/** What this machine offers and what it lacks: said at registration, and again when it has changed. */
import type { NetManager, NetStatus, RegisterRequest } from '@hedgerow/protos';
import type { NodeConfig } from '../config.ts';
import { architecture } from '../host/architecture.ts';
import { cores } from '../host/cpu.ts';
import { memory } from '../host/memory.ts';
import { sourceAddress } from '../host/source-address.ts';
import { paceOf } from '../profile.ts';

export type Described = Omit<RegisterRequest, 'id' | 'secret'>;

export interface Offer {
  describe(): Promise<Described>;
  /** Is it something else than what was described last? */
  outdated(): Promise<boolean>;
}

/** Of `RegisterRequest.problems`. */
const MOST_PROBLEMS = 20;
const LONGEST_PROBLEM = 500;

export function describedBy(config: NodeConfig, net: NetManager | null): Offer {
  let told = '';
  const fitness = fitnessOf(net);
  return {
    async describe() {
      const described = await look(config, fitness);
      told = JSON.stringify(described);
      return described;
    },
    outdated: async () => told !== '' && JSON.stringify(await look(config, fitness)) !== told,
  };
}

type Fitness = Required<Pick<NetStatus, 'usable' | 'problems'>>;

async function look(config: NodeConfig, fitness: () => Promise<Fitness>): Promise<Described> {
  const { beat, deadAfter, backIn } = paceOf(config);
  return {
    host: config.hostname,
    token: config.token,
    vcpus: config.vcpus || cores(),
    memory: config.memory || memory().total,
    architecture: architecture(),
    virtualization: ['docker', 'container'],
    public_address: config.publicAddress || (await sourceAddress(config.cluster, config.port)),
    tunnel_port: config.tunnelPort,
    ...network(await fitness()),
    beat,
    back_in: backIn,
    ...(deadAfter === null ? {} : { dead_after: deadAfter }),
  };
}

function network({ usable, problems }: Fitness): Pick<Described, 'overlay' | 'problems'> {
  const sentences = problems.slice(0, MOST_PROBLEMS).map(text => text.slice(0, LONGEST_PROBLEM));
  return { overlay: usable, problems: sentences };
}

/**
 * A Net Manager that does not answer yet is no fault of the machine: it is waited for. One that does not answer any more
 * has mended nothing.
 */
function fitnessOf(net: NetManager | null): () => Promise<Fitness> {
  let last: Fitness = { usable: net !== null, problems: [] };
  return async () => {
    try {
      const { usable = true, problems = [] } = net ? await net.status() : last;
      last = { usable, problems };
    } catch {
      return last;
    }
    return last;
  };
}
