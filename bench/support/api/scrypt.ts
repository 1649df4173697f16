/** Program: how many passwords per second this machine can check at most, all cores at work. Prints a JSON line. */
import { randomBytes, scrypt } from 'node:crypto';
import { availableParallelism } from 'node:os';

/** the cost that the product's passwords are kept at, see `root-orchestrator/src/auth/password.ts` */
const COST = { N: 16384, r: 8, p: 1 };

const count = Number(process.argv[2]);

async function work(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await once();
}

function once(): Promise<void> {
  return new Promise((resolve, reject) => {
    scrypt('a password', randomBytes(16), 32, COST, error => (error ? reject(error) : resolve()));
  });
}

await once();
const begin = performance.now();
const cores = availableParallelism();
const turns = Math.ceil(count / cores);
await Promise.all(Array.from({ length: cores }, () => work(turns)));
process.stdout.write(`${JSON.stringify({ rate: (turns * cores) / ((performance.now() - begin) / 1000) })}\n`);
