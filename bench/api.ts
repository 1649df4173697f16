/** How fast the root's API answers, over an Express application that sends the same bytes; how fast it takes work in. */
import { type Call, type Load, type LoadResult, runLoad } from './support/api/load.ts';
import { bareScryptRate, LOGIN, registration, type Servers, startServers } from './support/api/servers.ts';
import type { Bench, BenchContext } from './support/bench.ts';
import type { Measured } from './support/figure.ts';
import { interleave, median, quantile } from './support/stats.ts';

const SERVICES = 1000;
const ROUNDS = 5;
const GETS = 100;
const POSTS = 400;
const REGISTERED = 1500;
const LOGINS = 200;
const CLIENTS = [1, 16] as const;
const MANY = 16;

export const api: Bench = {
  name: 'api',
  about: 'latency of the API over bare Express; applications registered and logins per second',
  measure,
};

/** Access tokens live shorter than the bench: rates first, then latencies, all well within ten minutes. */
async function measure(context: BenchContext): Promise<Measured[]> {
  context.say(`a root with ${SERVICES} services, and bare Express`);
  const servers = await startServers(context, SERVICES);
  const rounds = context.rounds(ROUNDS);
  const figures: Measured[] = [];
  for (const clients of CLIENTS) figures.push(...(await listFigures(context, servers, clients, rounds)));
  figures.push(await changedListFigure(context, servers, rounds));
  context.say('registering applications');
  for (const clients of CLIENTS) figures.push(...(await postFigures(servers, clients, rounds)));
  figures.push(await registered(servers, rounds));
  context.say('logging in');
  figures.push(...(await logins(servers, rounds)));
  return figures;
}

async function listFigures(
  { say }: BenchContext,
  { root, bare, token, listBytes }: Servers,
  clients: number,
  rounds: number,
): Promise<Measured[]> {
  say(`GET of ${listBytes} bytes, ${clients} at a time`);
  const list: Call = { method: 'GET', path: '/api/services', token };
  const results = await interleave(rounds, {
    root: () => runLoad(root, { clients, count: GETS, call: () => list }),
    bare: () => runLoad(bare, { clients, count: GETS, call: () => ({ method: 'GET', path: '/list' }) }),
  });
  return compared(`GET of ${SERVICES} services that do not change, ${at(clients)}`, results, 3);
}

/** A root keeps the bytes of a list until something in it changes; here something has. */
async function changedListFigure(
  { say }: BenchContext,
  { root, token, service }: Servers,
  rounds: number,
): Promise<Measured> {
  say('GET of the list, each after a change');
  const list: Call = { method: 'GET', path: '/api/services', token };
  const change = (memory: number): Call => ({
    ...{ method: 'PUT', path: `/api/service/${service}`, token },
    body: JSON.stringify({ memory }),
  });
  const latencies: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const call = (index: number): Call => (index % 2 ? list : change(round * GETS + index + 1));
    const result = await runLoad(root, { clients: 1, count: 2 * GETS, call });
    latencies.push(...result.latencies.filter((_, index) => index % 2));
  }
  return {
    figure: `GET of ${SERVICES} services, 1 client, one of them changed before each: p50`,
    value: quantile(latencies, 0.5),
    unit: 'ms',
    method: `${latencies.length} requests in ${rounds} rounds, on loopback`,
  };
}

async function postFigures(
  { root, bare, token }: Servers,
  clients: number,
  rounds: number,
): Promise<Measured[]> {
  const body = registration('sample').body as string;
  const load = (call: Load['call']): Load => ({ clients, count: POSTS, call });
  const results = await interleave(rounds, {
    root: round =>
      runLoad(
        root,
        load(index => registration(`post${clients}r${round}n${index}`, token)),
      ),
    bare: () =>
      runLoad(
        bare,
        load(() => ({ method: 'POST', path: '/make', body })),
      ),
  });
  return compared(`POST of an application, ${at(clients)}`, results, null);
}

interface Compared {
  root: LoadResult[];
  bare: LoadResult[];
}

function compared(what: string, { root, bare }: Compared, goal: number | null): Measured[] {
  const [own, other] = [root, bare].map(results => results.flatMap(result => result.latencies)) as [
    number[],
    number[],
  ];
  const method = `${own.length} requests each way in ${root.length} rounds, arms in turns, on loopback`;
  const [p50, p99] = [0.5, 0.99].map(share => quantile(own, share)) as [number, number];
  const [bare50, bare99] = [0.5, 0.99].map(share => quantile(other, share)) as [number, number];
  const against = (ms: number): string => `bare Express: ${ms.toFixed(2)} ms`;
  const ratio = {
    figure: `${what}: p50, ratio`,
    value: p50 / bare50,
    unit: '×',
    against: against(bare50),
    method,
  };
  return [
    goal === null ? ratio : { ...ratio, goal },
    { figure: `${what}: p50`, value: p50, unit: 'ms', method },
    { figure: `${what}: p99`, value: p99, unit: 'ms', against: against(bare99), method },
  ];
}

async function registered({ root, token }: Servers, rounds: number): Promise<Measured> {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const call = (index: number): Call => registration(`rate${round}n${index}`, token);
    rates.push((await runLoad(root, { clients: MANY, count: REGISTERED, call })).rate);
  }
  return {
    figure: 'applications of one service registered',
    value: median(rates),
    unit: 'per s',
    goal: 500,
    better: 'higher',
    against: 'Oakestra: 13.8',
    method: `${REGISTERED} POSTs, ${MANY} at a time, SQLite with every write on disk before its answer; rounds: ${listed(rates)}`,
  };
}

async function logins({ root }: Servers, rounds: number): Promise<Measured[]> {
  const ratios: number[] = [];
  const rates: number[] = [];
  const bares: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const bare = await bareScryptRate(LOGINS);
    const { rate } = await runLoad(root, { clients: MANY, count: LOGINS, call: () => LOGIN });
    bares.push(bare);
    rates.push(rate);
    ratios.push(rate / bare);
  }
  const method = `${LOGINS} logins, ${MANY} at a time; bare: scrypt N=16384 on all cores in a process of its own; ratios: ${listed(ratios, 2)}`;
  const against = `bare scrypt: ${median(bares).toFixed(1)}/s`;
  return [
    {
      figure: 'logins, ratio',
      value: median(ratios),
      unit: '×',
      goal: 0.5,
      better: 'higher',
      against,
      method,
    },
    { figure: 'logins', value: median(rates), unit: 'per s', against: 'Oakestra: 8.5', method },
  ];
}

function at(clients: number): string {
  return clients === 1 ? '1 client' : `${clients} clients`;
}

function listed(values: readonly number[], digits = 0): string {
  return values.map(value => value.toFixed(digits)).join(', ');
}
