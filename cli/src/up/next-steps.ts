import type { Run } from './run.ts';
import type { Told } from './story.ts';

/** What a person may open and type while everything is up. */
export function nextSteps(url: string, run: Run, told: Told | null, socket: string): string {
  const bearer = '-H "Authorization: Bearer $TOKEN"';
  const login = `'{"username":"Admin","password":"Admin"}'`;
  const lines = [
    `  API page  ${url}/api/docs (Admin / Admin)`,
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
