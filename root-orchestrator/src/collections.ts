/** The root's collections: their names and the fields that `find` may filter by. */
import type { Collection, Document, Store } from '@hedgerow/common';
import type { Secret } from './auth/secrets.ts';
import type {
  Application,
  Claim,
  Cluster,
  History,
  Instance,
  Intent,
  Lease,
  Organization,
  PasswordReset,
  Revocation,
  Service,
  User,
} from './model.ts';

/** Facts of this root that are made once. */
export interface Meta extends Document {
  value: string;
}

export interface Collections {
  users: Collection<User>;
  organizations: Collection<Organization>;
  resets: Collection<PasswordReset>;
  revocations: Collection<Revocation>;
  applications: Collection<Application>;
  services: Collection<Service>;
  instances: Collection<Instance>;
  clusters: Collection<Cluster>;
  histories: Collection<History>;
  claims: Collection<Claim>;
  intents: Collection<Intent>;
  meta: Collection<Meta>;
  leases: Collection<Lease>;
  /** of a store that several roots share; else they are files */
  secrets: Collection<Secret>;
}

export function openCollections(store: Store): Collections {
  return {
    users: store.collection<User>('users', ['name']),
    organizations: store.collection<Organization>('organizations', ['name']),
    resets: store.collection<PasswordReset>('resets', ['user_id']),
    revocations: store.collection<Revocation>('revocations', []),
    applications: store.collection<Application>('applications', ['owner', 'organization_id']),
    services: store.collection<Service>('services', ['application_id', 'job_name']),
    instances: store.collection<Instance>('instances', [
      'service_id',
      'application_id',
      'cluster_id',
      'desired',
      'job_name',
    ]),
    clusters: store.collection<Cluster>('clusters', ['name']),
    histories: store.collection<History>('histories', ['service_id']),
    claims: store.collection<Claim>('claims', ['owner']),
    intents: store.collection<Intent>('intents', []),
    meta: store.collection<Meta>('meta', []),
    leases: store.collection<Lease>('leases', []),
    secrets: store.collection<Secret>('secrets', []),
  };
}
