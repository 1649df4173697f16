/** Whose is it? What belongs to somebody else looks as if it were not there; an Admin sees all. */
import { HedgerowError } from '@hedgerow/common';
import type { Sla } from '@hedgerow/protos';
import { type Caller, isAdmin } from '../auth/caller.ts';
import type { Collections } from '../collections.ts';
import { ERRORS } from '../errors.ts';
import type { Application, Service } from '../model.ts';

/** @throws APPLICATION_UNKNOWN */
export async function ownApplication(
  collections: Collections,
  caller: Caller,
  id: string,
): Promise<Application> {
  const application = await collections.applications.get(id);
  if (application && mayUse(caller, application)) return application;
  throw new HedgerowError(ERRORS.APPLICATION_UNKNOWN, `you have no application with the id ${id}`);
}

/** @throws SERVICE_UNKNOWN */
export async function ownService(collections: Collections, caller: Caller, id: string): Promise<Service> {
  const service = await collections.services.get(id);
  const application = service && (await collections.applications.get(service.application_id));
  if (service && application && mayUse(caller, application)) return service;
  throw new HedgerowError(ERRORS.SERVICE_UNKNOWN, `you have no service with the id ${id}`);
}

export function ownApplications(collections: Collections, caller: Caller): Promise<Application[]> {
  return collections.applications.find(isAdmin(caller) ? {} : { owner: caller.name });
}

/** A privileged container is as good as root on its worker. @throws PRIVILEGE_REFUSED naming the fields */
export function checkPrivileges(caller: Caller, sla: Sla): void {
  if (isAdmin(caller)) return;
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

function mayUse(caller: Caller, application: Application): boolean {
  return isAdmin(caller) || application.owner === caller.name;
}
