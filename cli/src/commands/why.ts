import { HedgerowError } from '@hedgerow/common';
import type { ApiHistory, ApiInstance, ApiService } from '@hedgerow/protos';
import { Command } from 'commander';
import { findService, splitInstance } from '../api/names.ts';
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
      'Prints the state of an instance with its reason, and what happened to it until now: its last 50 moves from state to state, in the order in which the root heard of them, by the clock of the tier that made each.',
    )
    .argument('<service>', 'service: name or id; `service/2` is its instance 2')
    .argument(
      '[instance]',
      'number of an instance; not needed when there is one',
      wholeNumber(0, 999_999_999),
    )
    .action(async (name: string, number: number | undefined) => {
      const client = clientOf(context, command);
      const services = await client.services();
      const target = number === undefined ? splitInstance(name) : { name, instance: number };
      const service = findService(target.name, services);
      const wanted = target.instance ?? onlyNumber(service);
      const { moves } = await client.history(service.microserviceID, wanted);
      const instance = service.instance_list.find(({ instance_number }) => instance_number === wanted);
      const asJson = command.opts().json === true;
      context.io.out(
        asJson
          ? json(service, wanted, { instance, moves })
          : told(service, wanted, { instance, moves, hosts: hostsOf(services) }),
      );
    });
  return example(command, 'hedge why clientsrvr.test.nginx.test/0', 'hedge why nginx 0 --json');
}

interface Known {
  /** undefined: it came after the list of services was read */
  instance: ApiInstance | undefined;
  moves: readonly Move[];
}

/** @throws NAME_UNKNOWN, NAME_AMBIGUOUS naming the numbers */
function onlyNumber({ job_name, instance_list }: ApiService): number {
  const [first, ...others] = instance_list
    .map(({ instance_number }) => instance_number)
    .sort((a, b) => a - b);
  if (first === undefined) throw new HedgerowError(ERRORS.NAME_UNKNOWN, `${job_name} has no instances`);
  if (others.length === 0) return first;
  const names = [first, ...others].map(number => `${job_name}/${number}`).join(', ');
  throw new HedgerowError(ERRORS.NAME_AMBIGUOUS, `${JSON.stringify(job_name)} could be ${names}`);
}

function json({ job_name, microserviceID }: ApiService, number: number, { instance, moves }: Known): string {
  const { status = '', status_detail = '', cluster_id = '', worker_id = '' } = instance ?? {};
  const own = { service: job_name, service_id: microserviceID, instance: number };
  return `${JSON.stringify({ ...own, status, status_detail, cluster_id, worker_id, moves }, null, 2)}\n`;
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

function told(
  { job_name }: ApiService,
  number: number,
  { instance, moves, hosts }: Known & { hosts: ReadonlyMap<string, string> },
): string {
  const { status = moves.at(-1)?.status ?? '', status_detail = moves.at(-1)?.detail ?? '' } = instance ?? {};
  const where = instance?.worker_id
    ? ` on worker ${hosts.get(instance.worker_id) ?? instance.worker_id}`
    : '';
  const why = status_detail === '' ? '' : `: ${allLines(status_detail)}`;
  const head = `${job_name}/${number} is ${status}${where}${why}\n`;
  return moves.length === 0 ? head : `${head}\n${formatTable(rowsOf(moves, Date.now(), hosts), COLUMNS)}`;
}

/** @param now ms since the epoch, by the clock of this machine */
export function rowsOf(moves: readonly Move[], now: number, hosts: ReadonlyMap<string, string>): Row[] {
  return moves.map((move, at) => {
    const next = moves[at + 1];
    const stayed = span((next ? Date.parse(next.at) : now) - Date.parse(move.at));
    const worker = hosts.get(move.worker_id) ?? move.worker_id;
    return { ...move, worker, stayed: next || stayed === '' ? stayed : `${stayed} so far` };
  });
}
