import { spawn } from 'node:child_process';

/** A program that could not be started or that ended badly; the message carries what it said. */
export class ProgramError extends Error {
  readonly code: number | null;

  constructor(command: string, args: readonly string[], code: number | null, output: string) {
    super(`${command} ${args.join(' ')}: ${output.trim() || `exit code ${code}`}`);
    this.name = 'ProgramError';
    this.code = code;
  }
}

/** Runs a program without a shell. @returns its standard output; @throws ProgramError with its standard error */
export function exec(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', chunk => out.push(chunk));
    child.stderr.on('data', chunk => err.push(chunk));
    child.stdin.on('error', () => {}); // EPIPE: the program ended early, its exit code tells
    child.once('error', error => reject(new ProgramError(command, args, null, error.message)));
    child.once('close', code => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(new ProgramError(command, args, code, Buffer.concat(err).toString()));
    });
    child.stdin.end(input);
  });
}
