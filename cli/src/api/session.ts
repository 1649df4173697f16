import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

/** Who is logged in where. */
export interface Session {
  url: string;
  username: string;
  /** that the login is to; the root's own choice when left out */
  organization?: string;
  token: string;
  refresh_token: string;
}

/** Where a session is kept between two commands. */
export interface SessionStore {
  load(): Session | null;
  save(session: Session): void;
  clear(): void;
}

export function sessionFile(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config'), 'hedgerow', 'session.json');
}

/** For this user alone (mode 0600): the tokens in it are as good as the password. */
export function fileSessions(file: string): SessionStore {
  return {
    load: () => readSession(file),
    save(session) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, `${JSON.stringify(session, null, 2)}\n`, { mode: 0o600 });
      chmodSync(file, 0o600);
    },
    clear: () => rmSync(file, { force: true }),
  };
}

/** For programs that log in anew each time. */
export function memorySessions(): SessionStore {
  let kept: Session | null = null;
  return {
    load: () => kept,
    save(session) {
      kept = session;
    },
    clear() {
      kept = null;
    },
  };
}

function readSession(file: string): Session | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Session;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    const message = `the session in ${file} cannot be read; \`hedge login\` writes a new one`;
    throw new HedgerowError(ERRORS.NOT_LOGGED_IN, message, { cause: error });
  }
}
