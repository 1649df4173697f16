/** Who may do what: role × operation → how far. `docs/roles.md` and the tests are made from this table. */
import { ROLES, type Role } from '@hedgerow/protos';

/**
 * Nothing; what is one's own; what belongs to the organization that one is logged in to; everything. Each holds the one
 * before it: one's own is what one made in that organization, and of users oneself.
 */
export const SCOPES = ['none', 'own', 'organization', 'all'] as const;
export type Scope = (typeof SCOPES)[number];

/** What anybody who is logged in may do, and what each role adds. Services and instances follow their application. */
export const OPERATIONS = {
  'application:create': row('none', 'own', 'own', 'none'),
  'application:read': row('none', 'organization', 'own', 'none'),
  'application:update': row('none', 'organization', 'own', 'none'),
  'application:delete': row('none', 'organization', 'own', 'none'),
  'service:create': row('none', 'organization', 'own', 'none'),
  'service:read': row('none', 'organization', 'own', 'none'),
  'service:update': row('none', 'organization', 'own', 'none'),
  'service:delete': row('none', 'organization', 'own', 'none'),
  'service:privileged': row('none', 'none', 'none', 'none'),
  'instance:create': row('none', 'organization', 'own', 'none'),
  'instance:read': row('none', 'organization', 'own', 'none'),
  'instance:delete': row('none', 'organization', 'own', 'none'),
  'instance:logs': row('none', 'organization', 'own', 'none'),
  'event:read': row('none', 'organization', 'own', 'none'),
  'cluster:manage': row('none', 'none', 'none', 'all'),
  'user:read': row('own', 'organization', 'own', 'own'),
  'user:create': row('none', 'organization', 'none', 'none'),
  'user:update': row('own', 'organization', 'own', 'own'),
  'user:roles': row('none', 'organization', 'none', 'none'),
  'user:password': row('own', 'own', 'own', 'own'),
  'user:reset': row('none', 'organization', 'none', 'none'),
  'user:delete': row('none', 'organization', 'none', 'none'),
  'organization:create': row('none', 'none', 'none', 'none'),
  'organization:read': row('none', 'organization', 'none', 'none'),
  'organization:update': row('none', 'organization', 'none', 'none'),
  'organization:delete': row('none', 'none', 'none', 'none'),
} as const satisfies Record<string, Record<Role | 'anybody', Scope>>;
export type Operation = keyof typeof OPERATIONS;

/** The furthest that any of the roles reaches. */
export function scopeOf(roles: readonly Role[], operation: Operation): Scope {
  const row: Record<Role | 'anybody', Scope> = OPERATIONS[operation];
  return [row.anybody, ...roles.map(role => row[role])].reduce((a, b) => (further(a, b) ? a : b));
}

/** Nobody gives or takes away a role that reaches further than his own do. */
export function grantable(roles: readonly Role[]): Role[] {
  const operations = Object.keys(OPERATIONS) as Operation[];
  return ROLES.filter(role =>
    operations.every(operation => !further(OPERATIONS[operation][role], scopeOf(roles, operation))),
  );
}

function further(a: Scope, b: Scope): boolean {
  return SCOPES.indexOf(a) > SCOPES.indexOf(b);
}

/** An Admin may do everything. */
function row(anybody: Scope, organizationAdmin: Scope, applicationProvider: Scope, infrastructure: Scope) {
  return {
    anybody,
    Admin: 'all',
    Organization_Admin: organizationAdmin,
    Application_Provider: applicationProvider,
    Infrastructure_Provider: infrastructure,
  } as const;
}
