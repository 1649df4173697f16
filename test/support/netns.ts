import { exec, inNamespace } from '@hedgerow/cli';

/** Runs a program in a network namespace. @returns its output */
export function execInNamespace(namespace: string, command: string, ...args: string[]): Promise<string> {
  return exec(...inNamespace(namespace, [command, ...args]));
}

/** What the data path of a worker consists of, one line each, without counters, handles and addresses of links. */
export async function kernelState(namespace: string): Promise<string[]> {
  const ip = (...args: string[]) => exec('ip', ['-j', '-n', namespace, ...args]);
  const links = JSON.parse(await ip('link', 'show')) as { ifname: string; operstate: string }[];
  const routes = JSON.parse(await ip('-4', 'route', 'show', 'table', 'all')) as {
    dst: string;
    dev?: string;
  }[];
  const neighbours = JSON.parse(await ip('neigh', 'show', 'nud', 'permanent')) as {
    dst: string;
    dev: string;
  }[];
  const ruleset = await execInNamespace(namespace, 'nft', '--stateless', 'list', 'ruleset');
  return [
    ...links.map(({ ifname }) => `link ${ifname}`),
    ...routes.map(({ dst, dev }) => `route ${dst} ${dev ?? ''}`),
    ...neighbours.map(({ dst, dev }) => `neighbour ${dst} ${dev}`),
    ...ruleset.split('\n').map(line => `nft ${line}`),
  ].sort();
}
