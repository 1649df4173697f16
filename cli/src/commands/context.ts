import { type Command, Option } from 'commander';
import { Client } from '../api/client.ts';
import { fileSessions, type SessionStore, sessionFile } from '../api/session.ts';
import type { Io } from '../output/io.ts';
import { type Column, formatTable } from '../output/table.ts';

const DEFAULT_URL = 'http://127.0.0.1:10000';

/** What every command gets. */
export interface Context {
  io: Io;
  sessions: SessionStore;
}

export function createContext(io: Io): Context {
  return { io, sessions: fileSessions(sessionFile(io.env)) };
}

/** At `--url`, then `HEDGE_URL`, then where the last login was, then the default. */
export function clientOf(context: Context, command: Command): Client {
  const given = givenUrl(context, command);
  const kept = given === undefined ? context.sessions.load()?.url : undefined;
  if (kept === undefined) return new Client(given ?? DEFAULT_URL, context.sessions);
  const origin = 'from the session of hedge login; --url overrides it';
  return new Client(kept, context.sessions, origin);
}

/** To log in: where an earlier login was says nothing about where this one is to be. */
export function newClientOf(context: Context, command: Command): Client {
  return new Client(givenUrl(context, command) ?? DEFAULT_URL, context.sessions);
}

function givenUrl({ io }: Context, command: Command): string | undefined {
  const given = command.optsWithGlobals().url as string | undefined;
  return given ?? (io.env.HEDGE_URL || undefined);
}

/** A command whose result is rows: a table for people, `--json` for scripts. */
export function listing(command: Command): Command {
  return command.addOption(new Option('--json', 'print JSON instead of a table'));
}

export function print<T>(
  context: Context,
  command: Command,
  rows: readonly T[],
  columns: readonly Column<T>[],
): void {
  const asJson = command.opts().json === true;
  context.io.out(asJson ? `${JSON.stringify(rows, null, 2)}\n` : formatTable(rows, columns));
}

/** The last lines of a command's `--help`. */
export function example(command: Command, ...lines: string[]): Command {
  const noun = lines.length > 1 ? 'Examples' : 'Example';
  return command.addHelpText('after', `\n${noun}:\n${lines.map(line => `  ${line}`).join('\n')}`);
}
