import { Command, Option } from 'commander';
import { SYSTEM_SOCKET } from '../up/engine.ts';
import { isDead, readRuns } from '../up/run.ts';
import { checkPort, type UpOptions, up } from '../up/up.ts';
import { wholeNumber } from './arguments.ts';
import { type Context, example } from './context.ts';

/** A terminal and npm may both pass one Ctrl-C on. */
const SAME_MS = 1500;

export function upCommand(context: Context): Command {
  const command = new Command('up')
    .summary('try it out: everything on this machine')
    .description(
      'Starts a root, a cluster and workers on this machine, each worker in a network namespace of its own, deploys examples/demo.json, shows that its service IP answers from every instance, and stays until Ctrl-C, which removes everything. Needs Linux and root; without them it starts root and cluster only.',
    )
    .option('--check', 'do the same, remove everything and leave: exit code 0 when all of it worked')
    .option('--dry-run', 'only say whether the options are right and the port is free')
    .addOption(new Option('--workers <n>', 'how many').default(2).argParser(wholeNumber(1, 8)))
    .addOption(
      new Option('--port <n>', 'port of the root on 127.0.0.1; 0 = a free one')
        .default(10000)
        .argParser(wholeNumber(0, 65_535)),
    )
    .option('--docker <socket>', 'socket of a Docker Engine; "" starts an own one', SYSTEM_SOCKET)
    .addOption(new Option('--log-level <level>').choices(['debug', 'info']).default('info'))
    .action(async ({ dryRun, ...options }: UpOptions & { dryRun?: boolean }) => {
      // What a killed one left, and listens there, is removed before the port is looked at.
      if (dryRun) return readRuns().some(isDead) ? undefined : checkPort(options);
      const signals = onSignals(context);
      try {
        const without = withoutContainers();
        if (without !== null) context.io.err(`${without}\n`);
        await up(
          { ...options, check: options.check === true },
          { say: context.io.out, signal: signals.signal, without },
        );
      } finally {
        signals.release();
      }
    });
  return example(command, 'sudo hedge up', 'sudo hedge up --check --port 0');
}

/** The first signal ends in order; a later one, given on purpose, at once: the next `hedge up` removes what is left. */
function onSignals({ io }: Context): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  let at = 0;
  const handle = () => {
    if (controller.signal.aborted && performance.now() - at > SAME_MS) process.exit(130);
    at = controller.signal.aborted ? at : performance.now();
    if (!controller.signal.aborted) io.err('\nremoving everything; again to leave at once\n');
    controller.abort();
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, handle);
  return {
    signal: controller.signal,
    release() {
      for (const name of names) process.off(name, handle);
    },
  };
}

function withoutContainers(): string | null {
  const rest = 'no containers and no overlay network; root, cluster and API page work.';
  if (process.platform !== 'linux') return `Linux is missing (this is ${process.platform}): ${rest}`;
  if (process.getuid?.() !== 0) return `root is missing (run with sudo): ${rest}`;
  return null;
}
