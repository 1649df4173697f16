/** Stores what a plan says: names and addresses first, then services, and the applications last. */
import {
  type ErrorKind,
  type FieldError,
  HedgerowError,
  isErrorOf,
  type New,
  STORE_ERRORS,
} from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import type { Application } from '../model.ts';
import type { Plan, PlannedApplication, PlannedService } from '../sla/compile.ts';
import { type Changes, type ChangesDeps, ownerOf, type Target } from './changes.ts';

/** @throws APPLICATION_EXISTS, SERVICE_EXISTS, SERVICE_IP_…; then nothing was stored */
export async function createPlan(deps: ChangesDeps, changes: Changes, plan: Plan): Promise<Application[]> {
  const stored: Application[] = [];
  const insert = (document: New<Application>) => deps.collections.applications.insert(document);
  await changes.create(targetsOf(plan), async () => {
    const addresses = await claimAll(deps, plan);
    await all(
      plan.services.map(({ document }) =>
        deps.collections.services.insert({ ...document, service_ip: addresses.get(document.id) ?? '' }),
      ),
    );
    stored.push(...(await all(plan.applications.map(({ document }) => insert(document)))));
    const made = new Set(stored.map(({ id }) => id));
    const owners = new Set(plan.services.map(({ document }) => document.application_id));
    for (const id of owners) if (!made.has(id)) await requireApplication(deps, id);
  });
  return stored;
}

/** Names and addresses at once: the writes of one turn share a commit. @returns the addresses by service id */
async function claimAll(deps: ChangesDeps, { applications, services }: Plan): Promise<Map<string, string>> {
  const names = [
    ...applications.map(application => claimApplicationName(deps, application)),
    ...services.map(service => claimJobName(deps, service)),
  ];
  const addresses = claimAddresses(deps, services);
  await all<unknown>([...names, addresses]);
  return addresses;
}

/** Side by side. When some fail, the others have ended before the first of the failures is thrown on. */
async function all<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work);
  return results.map(result => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

/** An application that was removed meanwhile has not seen these services. */
async function requireApplication(deps: ChangesDeps, id: string): Promise<void> {
  if (await deps.collections.applications.get(id)) return;
  throw new HedgerowError(ERRORS.APPLICATION_UNKNOWN, `the application ${id} was removed meanwhile`);
}

function targetsOf(plan: Plan): Target[] {
  return [
    ...plan.services.map(({ document }) => ({ collection: 'services', id: document.id })),
    ...plan.applications.map(({ document }) => ({ collection: 'applications', id: document.id })),
  ];
}

async function claimApplicationName(
  deps: ChangesDeps,
  { document, path }: PlannedApplication,
): Promise<void> {
  const { application_name: name, application_namespace: namespace } = document;
  const id = `application-name/${document.owner}/${name}.${namespace}`;
  await claim(deps, id, ownerOf('applications', document.id), {
    kind: ERRORS.APPLICATION_EXISTS,
    message: `you have an application ${name} in namespace ${namespace} already`,
    field: { path: `${path}.application_name`, found: name, allowed: 'a name that is free in its namespace' },
  });
}

/** Job names are one space for all users, because containers find each other by them. */
async function claimJobName(deps: ChangesDeps, { document, path }: PlannedService): Promise<void> {
  await claim(deps, `job-name/${document.job_name}`, ownerOf('services', document.id), {
    kind: ERRORS.SERVICE_EXISTS,
    message: `there is a service ${document.job_name} already`,
    field: {
      path: `${path}.microservice_name`,
      found: document.microservice.microservice_name,
      allowed: 'a name that is free in its namespace and application',
    },
  });
}

interface Taken {
  kind: ErrorKind;
  message: string;
  field: FieldError;
}

async function claim(deps: ChangesDeps, id: string, owner: string, taken: Taken): Promise<void> {
  try {
    await deps.collections.claims.insert({ id, owner });
  } catch (error) {
    if (!isErrorOf(error, STORE_ERRORS.STORE_DUPLICATE)) throw error;
    throw new HedgerowError(taken.kind, taken.message, { errors: [taken.field] });
  }
}

/** Wished addresses first, so that none of them is given away as the next free one. @returns by service id */
async function claimAddresses(
  deps: ChangesDeps,
  services: readonly PlannedService[],
): Promise<Map<string, string>> {
  const claim = (service: PlannedService) =>
    claimAddress(deps, service).then(address => [service.document.id, address] as const);
  const wishes = await all(services.filter(({ wish }) => wish !== undefined).map(claim));
  const others = await all(services.filter(({ wish }) => wish === undefined).map(claim));
  return new Map([...wishes, ...others]);
}

async function claimAddress(deps: ChangesDeps, { document, wish, path }: PlannedService): Promise<string> {
  try {
    return await deps.addresses.claimServiceIp(ownerOf('services', document.id), wish);
  } catch (error) {
    if (!(error instanceof HedgerowError)) throw error;
    const errors = error.errors.map(field => ({ ...field, path: `${path}.${field.path}` }));
    throw new HedgerowError(error.kind, error.message, { cause: error, errors });
  }
}
