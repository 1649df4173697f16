import { STATUS_PORT } from '@hedgerow/common/metrics';
import type { Cluster } from './fleet.ts';
import type { Run } from './run.ts';
import type { Told } from './story.ts';

export interface Shown {
  /** of the root */
  url: string;
  run: Run;
  /** null without containers */
  told: Told | null;
  /** of the Docker Engine */
  socket: string;
  cluster: Cluster;
  /** on the underlay, where workers are reached from the cluster's namespace */
  workers: readonly string[];
}

/** What a person may open and type while everything is up. */
export function nextSteps({ url, run, told, socket, cluster, workers }: Shown): string {
  const bearer = '-H "Authorization: Bearer $TOKEN"';
  const login = `'{"username":"Admin","password":"Admin"}'`;
  const lines = [
    `  API page  ${url}/api/docs (Admin / Admin)`,
    `  metrics   ${url}/metrics`,
    ...metricsOf(cluster, workers).map(line => `            ${line}`),
    `  cluster   ${askCluster(cluster, 'workers')}`,
    `            ${askCluster(cluster, 'instances')}`,
    `  logs      ${run.dir}/*.log`,
    '',
    'Type next, in another terminal:',
    `  TOKEN=$(curl -s ${url}/api/auth/login -H 'content-type: application/json' -d ${login} | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')`,
    `  curl -s ${url}/api/services/ ${bearer}`,
    ...(told === null ? [] : withContainers(url, bearer, told, socket)),
    `  echo Admin | npx hedge --url ${url} login --password-stdin && npx hedge ps`,
  ];
  return `${lines.join('\n')}\n`;
}

/** A network namespace hides what is in it from a browser. */
function metricsOf(cluster: Cluster, workers: readonly string[]): string[] {
  const own = `${String(cluster.child.ready.url)}/metrics`;
  if (cluster.namespace === undefined) return [own];
  const others = workers.map(address => `http://${address}:${STATUS_PORT}/metrics`);
  return [own, ...others].map(url => `${inside(cluster)}curl -s ${url}`);
}

/** The cluster listens in its namespace alone, and there not on loopback: it wants its token. */
function askCluster(cluster: Cluster, command: 'workers' | 'instances'): string {
  return `${inside(cluster)}npx hedge ${command} --cluster ${String(cluster.child.ready.url)} --data ${cluster.data}`;
}

function inside({ namespace }: Cluster): string {
  return namespace === undefined ? '' : `nsenter --net=/run/netns/${namespace} `;
}

function withContainers(
  url: string,
  bearer: string,
  { server, clientContainer }: Told,
  socket: string,
): string[] {
  return [
    `  curl -s -X POST ${url}/api/service/${server.microserviceID}/instance ${bearer}`,
    `  docker -H unix://${socket} exec ${clientContainer.slice(0, 12)} wget -qO- http://${server.RR_ip}/`,
  ];
}
