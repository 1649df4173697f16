import { MIGRATIONS } from '@hedgerow/root-orchestrator/migrations';

export type BackupRole = 'root' | 'cluster';

/** What a role keeps, and where when nothing else is said. */
export interface Kept {
  data: string;
  /** of its store, in the data directory */
  file: string;
  /** files beside it that must not be lost; all others can be */
  secrets: readonly string[];
  /** newest version of its documents that this program knows */
  schema: number;
}

export const KEPT: Readonly<Record<BackupRole, Kept>> = {
  root: {
    data: '/var/lib/hedgerow/root',
    file: 'root.sqlite',
    secrets: ['jwt-private.pem', 'cluster-token'],
    schema: MIGRATIONS.length,
  },
  cluster: {
    data: '/var/lib/hedgerow/cluster',
    file: 'cluster.sqlite',
    secrets: ['worker-token', 'broker-key'],
    schema: 0,
  },
};

export function isRole(word: unknown): word is BackupRole {
  return typeof word === 'string' && Object.hasOwn(KEPT, word);
}
