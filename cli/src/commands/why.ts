import { HedgerowError } from '@hedgerow/common';
import type { ApiHistory, ApiInstance, ApiService } from '@hedgerow/protos';
import { Command } from 'commander';
import type { Client } from '../api/client.ts';
import { findService, splitInstance } from '../api/names.ts';
import { Unreachable } from '../api/unreachable.ts';
import { ERRORS } from '../errors.ts';
import { allLines, firstLine } from '../output/lines.ts';
import { type Column, formatTable } from '../output/table.ts';
import { span } from '../output/time.ts';
import { wholeNumber } from './arguments.ts';
import { type Context, clientOf, example, listing } from './context.ts';

type Move = ApiHistory['moves'][number];

interface Row extends Move {
  /** how long it stayed so, for people */
  stayed: string;
  /** its address where that is known, as `hedge ps` shows it, else its id */
  worker: string;
}

const COLUMNS: Column<Row>[] = [
  { title: 'WHEN', of: row => row.at },
  { title: 'STAYED', of: row => row.stayed },
  { title: 'TIER', of: row => row.tier },
  { title: 'STATUS', of: row => row.status },
  { title: 'WORKER', of: row => row.worker },
  { title: 'WHY', of: row => firstLine(row.detail) },
];

export function whyCommand(context: Context): Command {
  const command = listing(new Command('why'))
    .summary('say why an instance is as it is')
    .description(
      'Prints the state of an instance with its reason, and what happened to it until now: its last 50 moves from state to state, in the order in which the root heard of them, by the clock of the tier that made each. Of a service with several instances it prints all, one after the other; as JSON that is a list.',
    )
    .argument('<service>', 'service: name or id; `service/2` is its instance 2')
    .argument('[instance]', 'number of an instance; all when left out', wholeNumber(0, 999_999_999))
    .action(async (name: string, number: number | undefined) => {
      const client = clientOf(context, command);
      const [services, clusters] = await Promise.all([client.services(), client.clusters()]);
      const target = number === undefined ? splitInstance(name) : { name, instance: number };
      const service = findService(target.name, services);
      const wanted = target.instance === null ? numbersOf(service) : [target.instance];
      const known: Known[] = [];
      for (const each of wanted) known.push(await knownOf(client, service, each));
      const surroundings = { hosts: hostsOf(services), away: new Unreachable(clusters) };
      const asJson = command.opts().json === true;
      context.io.out((asJson ? json : told)(service, known, surroundings));
    });
  return example(command, 'hedge why clientsrvr.test.nginx.test/0', 'hedge why nginx 0 --json');
}

interface Known {
  number: number;
  /** undefined: it came after the list of services was read */
  instance: ApiInstance | undefined;
  moves: readonly Move[];
}

interface Surroundings {
  /** worker id to address */
  hosts: ReadonlyMap<string, string>;
  away: Unreachable;
}

/** @throws NAME_UNKNOWN when there is none */
function numbersOf({ job_name, instance_list }: ApiService): number[] {
  if (instance_list.length === 0)
    throw new HedgerowError(ERRORS.NAME_UNKNOWN, `${job_name} has no instances`);
  return instance_list.map(({ instance_number }) => instance_number).sort((a, b) => a - b);
}

async function knownOf(
  client: Client,
  { microserviceID, instance_list }: ApiService,
  number: number,
): Promise<Known> {
  const { moves } = await client.history(microserviceID, number);
  return { number, moves, instance: instance_list.find(each => each.instance_number === number) };
}

/** One instance as itself, several as a list. */
function json(service: ApiService, known: readonly Known[], { away }: Surroundings): string {
  const { job_name, microserviceID: service_id } = service;
  const all = known.map(({ number, instance, moves }) => {
    const { status = '', status_detail = '', cluster_id = '', worker_id = '' } = instance ?? {};
    const own = { service: job_name, service_id, instance: number };
    const caveat = away.caveat(cluster_id);
    return { ...own, status, status_detail, caveat, cluster_id, worker_id, moves };
  });
  return `${JSON.stringify(all.length === 1 ? all[0] : all, null, 2)}\n`;
}

type Place = Pick<ApiInstance, 'worker_id' | 'host_ip'>;

/** Worker id to address, of all workers that have an instance which this user may see. */
export function hostsOf(services: readonly { instance_list: readonly Place[] }[]): Map<string, string> {
  const instances = services.flatMap(({ instance_list }) => instance_list);
  return new Map(
    instances
      .filter(({ worker_id, host_ip }) => worker_id !== '' && host_ip !== '')
      .map(({ worker_id, host_ip }) => [worker_id, host_ip]),
  );
}

function told(service: ApiService, known: readonly Known[], surroundings: Surroundings): string {
  return known.map(each => toldOf(service, each, surroundings)).join('\n');
}

function toldOf(
  { job_name }: ApiService,
  { number, instance, moves }: Known,
  { hosts, away }: Surroundings,
): string {
  const { status = moves.at(-1)?.status ?? '', status_detail = moves.at(-1)?.detail ?? '' } = instance ?? {};
  const { worker_id = '', cluster_id = '' } = instance ?? {};
  const where = worker_id === '' ? '' : ` on worker ${hosts.get(worker_id) ?? worker_id}`;
  const caveat = away.caveat(cluster_id);
  const doubt = caveat === '' ? '' : ` (${caveat})`;
  const why = status_detail === '' ? '' : `: ${allLines(status_detail)}`;
  const head = `${job_name}/${number} is ${status}${where}${doubt}${why}\n`;
  if (moves.length === 0) return head;
  const heard = away.lastHeard(cluster_id);
  const until =
    heard === undefined ? { at: Date.now(), word: 'so far' } : { at: heard, word: 'when last heard' };
  return `${head}\n${formatTable(rowsOf(moves, until, hosts), COLUMNS)}`;
}

/** @param until to when the last state is known, in ms since the epoch, and what that is called */
export function rowsOf(
  moves: readonly Move[],
  until: { at: number; word: string },
  hosts: ReadonlyMap<string, string>,
): Row[] {
  return moves.map((move, at) => {
    const next = moves[at + 1];
    const stayed = span((next ? Date.parse(next.at) : until.at) - Date.parse(move.at));
    const worker = hosts.get(move.worker_id) ?? move.worker_id;
    return { ...move, worker, stayed: next || stayed === '' ? stayed : `${stayed} ${until.word}` };
  });
}
