/** Writes several files as one change: all of them, or what was there before. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { HedgerowError, messageOf } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';

export interface FileToWrite {
  path: string;
  text: string;
  mode: number;
}

/** "" when there is none. */
export function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/**
 * @returns paths of those that were not yet as they should be
 * @throws INSTALL_FAILED naming the file that could not be written; the others are then as they were
 */
export function writeAll(files: readonly FileToWrite[]): string[] {
  const changed: string[] = [];
  const undos: (() => void)[] = [];
  for (const file of files) {
    try {
      if (isRight(file)) continue;
      undos.unshift(undoOf(file.path));
      write(file);
      changed.push(file.path);
    } catch (cause) {
      for (const undo of undos) undo();
      const message = `${file.path}: ${messageOf(cause)}; nothing was changed`;
      throw new HedgerowError(ERRORS.INSTALL_FAILED, message, { cause });
    }
  }
  return changed;
}

function isRight({ path, text, mode }: FileToWrite): boolean {
  return existsSync(path) && readFileSync(path, 'utf8') === text && (statSync(path).mode & 0o777) === mode;
}

/** Another reader sees the old file or the new one, and a secret is never readable by others on its way. */
function write({ path, text, mode }: FileToWrite): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { mode, flag: 'wx' });
  chmodSync(draft, mode);
  renameSync(draft, path);
}

function undoOf(path: string): () => void {
  const before = existsSync(path)
    ? { path, text: readFileSync(path, 'utf8'), mode: statSync(path).mode & 0o777 }
    : null;
  return () => {
    rmSync(`${path}.new`, { force: true });
    if (before) write(before);
    else rmSync(path, { force: true });
  };
}
