/**
 * Program that runs inside a container's namespace. `caller.ts PORT COUNT ADDRESS…`: connects, sends a byte, waits for
 * the answer, COUNT times per address, the addresses taking turns call by call. Prints the µs of each, as JSON.
 */
import { connect } from 'node:net';

const WARM_UP = 200;
const CALL_LIMIT_MS = 2000;

function call(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const begin = process.hrtime.bigint();
    const socket = connect({ host, port, noDelay: true });
    socket.setTimeout(CALL_LIMIT_MS, () => socket.destroy(new Error(`${host}:${port} did not answer`)));
    socket.once('connect', () => socket.write('x'));
    socket.once('data', () => {
      resolve(Number(process.hrtime.bigint() - begin) / 1000);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

async function callInTurns(
  addresses: string[],
  port: number,
  count: number,
): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = Object.fromEntries(addresses.map(address => [address, []]));
  for (let round = 0; round < count; round++) {
    for (const address of round % 2 === 0 ? addresses : addresses.toReversed()) {
      times[address]?.push(await call(address, port));
    }
  }
  return times;
}

const [port, count, ...addresses] = process.argv.slice(2);
await callInTurns(addresses, Number(port), WARM_UP);
process.stdout.write(JSON.stringify(await callInTurns(addresses, Number(port), Number(count))));
