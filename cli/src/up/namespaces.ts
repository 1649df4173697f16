import { readdirSync } from 'node:fs';
import { exec } from '../system/exec.ts';
import type { Run } from './run.ts';

/** A network namespace that plays a machine, with one link `eth0` on the run's underlay. */
export interface Machine {
  /** name of the namespace */
  namespace: string;
  /** its address on the underlay */
  address: string;
}

const NAMED = '/run/netns';
const NETWORK = '192.168.77';
const FIRST_HOST = 10;

/**
 * Makes a bridge in a namespace of its own and one namespace per machine joined to it. Nothing of it is in the
 * caller's own namespace, and nothing routes out of it.
 * @param names short and unique: at most 15 characters
 */
export async function createMachines(run: Run, names: readonly string[]): Promise<Machine[]> {
  const net = namespaceOf(run.id, 'net');
  const machines = names.map((name, index) => ({
    namespace: namespaceOf(run.id, name),
    address: `${NETWORK}.${FIRST_HOST + index}`,
  }));
  const namespaces = [net, ...machines.map(machine => machine.namespace)];
  run.note({ namespaces: [...run.record.namespaces, ...namespaces] });
  await ip(namespaces.map(namespace => `netns add ${namespace}`));
  await ip(['link add br0 type bridge', 'link set br0 up', 'link set lo up'], net);
  for (const [index, machine] of machines.entries()) await join(net, machine, names[index] ?? '');
  return machines;
}

/** Links between namespaces end with them. Unknown namespaces are fine, also when another sweep was faster. */
export async function removeNamespaces(namespaces: readonly string[]): Promise<void> {
  for (const namespace of presentOf(namespaces)) {
    await ip([`netns del ${namespace}`]).catch((error: unknown) => {
      if (presentOf([namespace]).length > 0) throw error;
    });
  }
}

function presentOf(namespaces: readonly string[]): string[] {
  const present = new Set(listNamespaces());
  return namespaces.filter(namespace => present.has(namespace));
}

export function listNamespaces(): string[] {
  try {
    return readdirSync(NAMED);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** `ip netns exec` would give the program a /sys of its own, without cgroups: enter the network namespace alone. */
export function inNamespace(namespace: string, command: readonly string[]): [string, string[]] {
  return ['nsenter', [`--net=${NAMED}/${namespace}`, '--', ...command]];
}

function namespaceOf(run: string, name: string): string {
  return `hedge-${run}-${name}`;
}

async function join(net: string, machine: Machine, port: string): Promise<void> {
  await ip([`link add ${port} type veth peer name eth0 netns ${machine.namespace}`], net);
  await ip([`link set ${port} master br0`, `link set ${port} up`], net);
  const lines = ['link set lo up', `address add ${machine.address}/24 dev eth0`, 'link set eth0 up'];
  await ip(lines, machine.namespace);
}

async function ip(lines: readonly string[], namespace?: string): Promise<void> {
  const where = namespace === undefined ? [] : ['-n', namespace];
  await exec('ip', [...where, '-batch', '-'], `${lines.join('\n')}\n`);
}
