/** The way from a cluster to its root, which can be frozen and cut. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Run } from '@hedgerow/cli';

export class RootLink {
  /** for `--root` of the cluster */
  readonly address: string;
  readonly #root: string;
  #relay: ChildProcess | null = null;

  constructor(run: Run) {
    this.address = `unix:${join(run.dir, 'link.sock')}`;
    this.#root = `unix:${join(run.dir, 'root.sock')}`;
  }

  async open(): Promise<void> {
    const program = join(import.meta.dirname, 'relay.ts');
    this.#relay = spawn(process.execPath, [program, this.address, this.#root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(this.#relay.stdout ?? this.#relay, 'data');
  }

  /** Nothing passes, and nobody is told. */
  freeze(): void {
    this.#relay?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#relay?.kill('SIGCONT');
  }

  /** Its connections are closed, and there is no new one until it is opened again. */
  async cut(): Promise<void> {
    const relay = this.#relay;
    this.#relay = null;
    if (!relay || relay.exitCode !== null || relay.signalCode !== null) return;
    const ended = once(relay, 'exit');
    relay.kill('SIGKILL');
    await ended;
  }
}
