/**
 * Whose is it? The matrix says how far a caller's roles reach for an operation. What he may not see looks as if it were
 * not there (404); what he sees but may not do is refused (403).
 */
import { type Filter, HedgerowError } from '@hedgerow/common';
import type { Sla } from '@hedgerow/protos';
import { type Caller, reach } from '../auth/caller.ts';
import type { Operation } from '../auth/matrix.ts';
import type { Collections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import type { Application, Service } from '../model.ts';

/** @throws APPLICATION_UNKNOWN, FORBIDDEN */
export async function ownApplication(
  collections: Collections,
  caller: Caller,
  id: string,
  operation: Operation = 'application:read',
): Promise<Application> {
  const application = await collections.applications.get(id);
  if (application && allows(caller, application, operation, 'application:read')) return application;
  throw new HedgerowError(ERRORS.APPLICATION_UNKNOWN, `you have no application with the id ${id}`);
}

/** A service belongs to whom its application belongs to. @throws SERVICE_UNKNOWN, FORBIDDEN */
export async function ownService(
  collections: Collections,
  caller: Caller,
  id: string,
  operation: Operation = 'service:read',
): Promise<Service> {
  const service = await collections.services.get(id);
  const application = service && (await collections.applications.get(service.application_id));
  if (service && application && allows(caller, application, operation, 'service:read')) return service;
  throw unknownService(id);
}

export function unknownService(id: string): HedgerowError {
  return new HedgerowError(ERRORS.SERVICE_UNKNOWN, `you have no service with the id ${id}`);
}

/** In order of id. */
export async function ownApplications(
  collections: Collections,
  caller: Caller,
  operation: Operation = 'application:read',
): Promise<Application[]> {
  const filter = applicationFilter(caller, operation);
  return filter ? collections.applications.find(filter) : [];
}

/** Finds the applications that an operation reaches; null when it reaches none. */
export function applicationFilter(caller: Caller, operation: Operation): Filter<Application> | null {
  switch (reach(caller, operation)) {
    case 'all':
      return {};
    case 'organization':
      return { organization_id: caller.organization };
    case 'own':
      return { organization_id: caller.organization, owner: caller.name };
    case 'none':
      return null;
  }
}

/** Does an operation reach an application, or what belongs to it? */
export function mayUse(
  caller: Caller,
  { owner, organization_id }: Pick<Application, 'owner' | 'organization_id'>,
  operation: Operation,
): boolean {
  const filter = applicationFilter(caller, operation);
  if (filter === null) return false;
  return (filter.owner ?? owner) === owner && (filter.organization_id ?? organization_id) === organization_id;
}

/** A privileged container is as good as root on its worker. @throws PRIVILEGE_REFUSED naming the fields */
export function checkPrivileges(caller: Caller, sla: Sla): void {
  if (reach(caller, 'service:privileged') === 'all') return;
  const errors = sla.applications.flatMap((application, a) =>
    application.microservices.flatMap((service, s) =>
      service.privileged
        ? [
            {
              path: `applications.${a}.microservices.${s}.privileged`,
              found: true,
              allowed: 'false, without role Admin',
            },
          ]
        : [],
    ),
  );
  if (errors.length === 0) return;
  throw new HedgerowError(ERRORS.PRIVILEGE_REFUSED, 'only an Admin may run privileged containers', {
    errors,
  });
}

/** @throws FORBIDDEN for what is seen only. @returns false for what is not even seen */
function allows(caller: Caller, application: Application, operation: Operation, read: Operation): boolean {
  if (mayUse(caller, application, operation)) return true;
  if (!mayUse(caller, application, read)) return false;
  throw new HedgerowError(
    ERRORS.FORBIDDEN,
    `none of your roles allows ${operation} on ${application.application_name}`,
  );
}
