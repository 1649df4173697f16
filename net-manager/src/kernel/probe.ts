/** Can this machine's kernel do what the data path needs? Tried in network namespaces that end with the trial. */
import { HedgerowError, messageOf } from '@hedgerow/common';
import { FIRST_WORKER_SUBNET, TUNNEL_PORT } from '@hedgerow/protos';
import type { Exec } from '../exec/exec.ts';
import { NETWORKS } from '../table/networks.ts';
import { ruleset, sizeFor } from '../table/rules.ts';
import { natLines } from './nat.ts';
import { readSysctl, WANTED, writeSysctl } from './sysctl.ts';

export interface Feature {
  name: string;
  /** '' = it works */
  why: string;
  /** what to type */
  mend: string;
  /** nothing can be attached without it */
  vital: boolean;
}

interface Trial {
  name: string;
  mend: string;
  vital: boolean;
  attempt(exec: Exec): Promise<unknown>;
}

const TRIALS: readonly Trial[] = [
  {
    name: 'network namespaces',
    mend: 'run as root, on a kernel with CONFIG_NET_NS',
    vital: true,
    attempt: exec => exec.batch('ip', ['link set dev lo up'], 'fresh'),
  },
  {
    name: 'veth',
    mend: 'modprobe veth',
    vital: true,
    attempt: exec => exec.batch('ip', ['link add v0 type veth peer name v1'], 'fresh'),
  },
  {
    name: 'vxlan',
    mend: 'modprobe vxlan',
    vital: true,
    attempt: exec =>
      exec.batch('ip', [`link add x0 type vxlan id 1 dstport ${TUNNEL_PORT} nolearning`], 'fresh'),
  },
  {
    name: 'nftables with NAT, maps, numgen and fib',
    mend: 'modprobe nft_chain_nat nft_numgen nft_fib_ipv4 nft_reject_ipv4; nft 1.0 and Linux 5.6 or newer',
    vital: true,
    attempt: exec => exec.batch('nft', trialRules(), 'fresh'),
  },
  {
    name: 'entering the network of a container',
    mend: 'run as root; apt-get install util-linux',
    vital: true,
    attempt: exec => exec.batch('ip', ['link show dev lo'], process.pid),
  },
  {
    name: 'bridge',
    mend: 'apt-get install iproute2',
    vital: true,
    attempt: exec => exec.list('bridge', ['-V']),
  },
  {
    name: 'forwarding',
    mend: 'mount /proc/sys so that it can be written, or run with CAP_NET_ADMIN',
    vital: true,
    attempt: () => Promise.all(Object.keys(WANTED).map(rewrite)),
  },
  {
    name: 'conntrack',
    mend: 'apt-get install conntrack: without it UDP flows stay on instances that have gone',
    vital: false,
    attempt: exec => exec.list('conntrack', ['--version']),
  },
];

/** Changes nothing that lasts. Never rejects. */
export async function probeKernel(exec: Exec): Promise<Feature[]> {
  const features: Feature[] = [];
  for (const { attempt, name, mend, vital } of TRIALS) {
    features.push({ name, mend, vital, why: await whyNot(() => attempt(exec)) });
  }
  return features;
}

async function whyNot(attempt: () => Promise<unknown>): Promise<string> {
  try {
    await attempt();
    return '';
  } catch (error) {
    if (error instanceof HedgerowError) return messageOf(error);
    throw error;
  }
}

/** The very rules that a worker loads, with elements. */
function trialRules(): string[] {
  const set = [
    ['ep2 10.30.0.1 . 0', '10.18.0.2'],
    [`${NETWORKS} 10.20.0.0/16`, ''],
  ] as const;
  const elements = { set, gone: [], stale: [] };
  return natLines({ rules: ruleset(FIRST_WORKER_SUBNET, sizeFor(1), TUNNEL_PORT), elements, docker: null });
}

/** The value that it has: the kernel does nothing then, but says whether it would. */
async function rewrite(name: string): Promise<void> {
  await writeSysctl(name, await readSysctl(name));
}
