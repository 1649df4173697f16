import { spawn } from 'node:child_process';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'];

/**
 * Runs a program in this process's place: its output is ours, signals are passed on. Ctrl-C in a terminal reaches the
 * whole foreground group by itself, so SIGINT is passed on only where there is no terminal.
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null }>}
 */
export function child(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const process_ = spawn(command, args, { stdio: 'inherit', ...options });
    const handlers = SIGNALS.map(signal => [signal, () => forward(process_, signal)]);
    for (const [signal, handler] of handlers) process.on(signal, handler);
    const done = () => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    };
    process_.once('error', error => {
      done();
      reject(error);
    });
    process_.once('exit', (code, signal) => {
      done();
      resolve({ code, signal });
    });
  });
}

/** Ends this process as the child ended. */
export function endAs({ code, signal }) {
  if (signal) process.kill(process.pid, signal);
  else process.exitCode = code ?? 1;
}

function forward(process_, signal) {
  if (signal === 'SIGINT' && process.stdin.isTTY) return;
  process_.kill(signal);
}
