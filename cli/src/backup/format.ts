/** The file of a backup: JSON lines, a header first, a checksum last. docs/store.md describes it for other programs. */
import type { Archived } from '@hedgerow/common';
import { type BackupRole, isRole } from './roles.ts';

export const FORMAT = 1;

export interface Header {
  hedgerow: 'backup';
  format: number;
  role: BackupRole;
  /** version of the documents' shape */
  schema: number;
  /** ISO 8601 */
  made: string;
  /** of the program that made it */
  version: string;
}

export interface Secret {
  secret: string;
  value: string;
}

export type Line = Secret | Archived;

export interface Counts {
  secrets: number;
  documents: number;
}

export interface Trailer extends Counts {
  /** hex, of all bytes before this line */
  sha256: string;
}

export function isHeader(value: unknown): value is Header {
  if (!isObject(value) || value.hedgerow !== 'backup' || !Number.isInteger(value.format)) return false;
  return Number(value.format) > FORMAT || (isRole(value.role) && Number.isInteger(value.schema));
}

export function isTrailer(value: unknown): value is Trailer {
  return isObject(value) && typeof value.sha256 === 'string';
}

export function isLine(value: unknown): value is Line {
  if (!isObject(value)) return false;
  if (typeof value.secret === 'string') return typeof value.value === 'string';
  const { collection, document } = value;
  return typeof collection === 'string' && isObject(document) && typeof document.id === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
