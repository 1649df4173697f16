/** Milliseconds for people: `340 ms`, `2.1 s`. */
export function duration(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Runs one step of the set-up and prints it as one line with its time. Standard error: output stays parseable. */
export async function step(name, action, out = process.stderr) {
  const start = performance.now();
  const result = await action();
  out.write(`  ${name.padEnd(52)} ${duration(performance.now() - start)}\n`);
  return result;
}

/** A mistake or a lack that the user can mend: printed as one line, without a stack. */
export class SetupError extends Error {}
