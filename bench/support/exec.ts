/** Programs that a bench runs: no shell, bounded in time, an error that shows what the program said. */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);
const OUTPUT_LIMIT = 16 * 1024 * 1024;

/** @returns standard output. @throws with the program's standard error when it fails or takes longer than `ms` */
export async function run(command: readonly string[], ms = 30_000): Promise<string> {
  const [program, ...args] = command as [string, ...string[]];
  try {
    const { stdout } = await execFileAsync(program, args, { timeout: ms, maxBuffer: OUTPUT_LIMIT });
    return stdout;
  } catch (cause) {
    const { stderr = '', message } = cause as Error & { stderr?: string };
    throw new Error(`${command.join(' ')}: ${stderr.trim() || message}`, { cause });
  }
}

/** @returns whether the program is there and starts. */
export async function isInstalled(program: string): Promise<boolean> {
  return run([program, '--version']).then(
    () => true,
    () => false,
  );
}

/** The command as it runs inside a network namespace, given by the path of its file. */
export function inNetns(netns: string, command: readonly string[]): string[] {
  return ['nsenter', `--net=${netns}`, ...command];
}

export interface Spawned {
  child: ChildProcess;
  pid: number;
  /** Ends the process that was started here and waits for its end. */
  stop(): Promise<void>;
}

export function start(command: readonly string[], options: SpawnOptions = {}): Spawned {
  const [program, ...args] = command as [string, ...string[]];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], ...options });
  const ended = new Promise<void>(resolve => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  return {
    child,
    pid: child.pid ?? -1,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(force);
    },
  };
}
