import { spawn } from 'node:child_process';
import { SetupError } from './say.mjs';

/** Runs a program to its end with its output kept back; the output is shown only when it fails. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    child.stdout.on('data', chunk => output.push(chunk));
    child.stderr.on('data', chunk => output.push(chunk));
    child.once('error', error => reject(new SetupError(`${command} cannot be started: ${error.message}`)));
    child.once('close', code => {
      const text = Buffer.concat(output).toString();
      if (code === 0) resolve(text);
      else reject(new SetupError(`${command} ${args.join(' ')} failed (${code}):\n${text.trim()}`));
    });
  });
}
