import { existsSync, readdirSync } from 'node:fs';
import {
  defaultRunsFolder,
  exec,
  listNamespaces,
  mountsBelow,
  processesNaming,
  readRuns,
} from '@hedgerow/cli';

/** What a machine has of things that we make, by kind. */
export type Snapshot = Record<string, string[]>;

const FOLDERS = ['/run/containerd', '/run/containerd/s', '/run/docker', '/run/docker/plugins'];

/**
 * @param runs folder of the runs that are looked at (`HEDGEROW_RUNS` for the command): their namespaces, files,
 * processes and mounts. Links, routes and packet filter are those of this process's own network namespace.
 */
export async function takeSnapshot(runs: string): Promise<Snapshot> {
  const lines = async (command: string, ...args: string[]) =>
    (await exec(command, args)).split('\n').filter(line => line.trim() !== '');
  return {
    namespaces: listNamespaces().filter(name => name.startsWith('hedge-') && !elsewhere(name, runs)),
    links: (await lines('ip', '-o', 'link', 'show')).map(line => line.split(':')[1]?.trim() ?? ''),
    routes: await lines('ip', 'route', 'show', 'table', 'all'),
    'packet filter': await lines('nft', '--stateless', 'list', 'ruleset'),
    processes: processesNaming(`${runs}/`).map(({ pid }) => String(pid)),
    mounts: mountsBelow(runs),
    files: existsSync(runs) ? readdirSync(runs) : [],
    folders: FOLDERS.filter(existsSync),
  };
}

/** Of a run in another folder, somebody else's that is up at the same time. */
function elsewhere(namespace: string, runs: string): boolean {
  const folder = defaultRunsFolder();
  return folder !== runs && readRuns(folder).some(({ id }) => namespace.startsWith(`hedge-${id}-`));
}

/** @returns `kind: + added` and `kind: - removed`, nothing when both are the same */
export function differences(before: Snapshot, after: Snapshot): string[] {
  return Object.keys(after).flatMap(kind => {
    const [was, is] = [before[kind] ?? [], after[kind] ?? []];
    return [
      ...is.filter(item => !was.includes(item)).map(item => `${kind}: + ${item}`),
      ...was.filter(item => !is.includes(item)).map(item => `${kind}: - ${item}`),
    ];
  });
}
