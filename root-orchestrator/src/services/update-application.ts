/** `PUT /api/application/{id}`. */
import { HedgerowError, update } from '@hedgerow/common';
import { type Microservice, SlaApplicationSchema } from '@hedgerow/protos';
import type { Caller } from '../auth/caller.ts';
import type { Operation } from '../auth/matrix.ts';
import { ERRORS } from '../errors.ts';
import type { Application, Service } from '../model.ts';
import { fixedErrors, type ServiceChange } from '../sla/change.ts';
import { compileServices, type PlannedService } from '../sla/compile.ts';
import { mayUse, ownApplication } from './access.ts';
import type { Changes, ChangesDeps } from './changes.ts';
import { createPlan } from './create.ts';
import { idTaker } from './ids.ts';
import { requireSize } from './size.ts';
import { invalid, planUpdate, requirePrivilege, storeUpdate } from './update-service.ts';

export type ApplicationChange = Readonly<Record<string, unknown>> & {
  application_desc?: string;
  /** descriptions of services, or their ids, which say nothing */
  microservices?: readonly (Microservice | string)[];
};

interface Described {
  microservice: Microservice;
  /** in the request: `microservices.1` */
  path: string;
}

/** By name: what is new, what is there and described, what is not described any more. */
interface Difference {
  added: Described[];
  kept: { service: Service; change: ServiceChange }[];
  removed: Service[];
}

/**
 * Changes the description and what else is shown of an application; when `microservices` describes services, also
 * which ones it has and what they are. All is checked before anything is stored. Then services are added, all or none,
 * changed one by one, and removed: when the store fails between, the same request completes it.
 * @throws APPLICATION_UNKNOWN, FORBIDDEN, SLA_INVALID, PRIVILEGE_REFUSED, BODY_TOO_LARGE, SERVICE_EXISTS, ROLLOUT_RUNNING
 */
export async function updateApplication(
  deps: ChangesDeps & { changes: Changes },
  caller: Caller,
  id: string,
  change: ApplicationChange,
  requestId: string,
): Promise<void> {
  const application = await ownApplication(deps.collections, caller, id, 'application:update');
  const errors = fixedErrors(change, fixedFields(application), '');
  if (errors.length > 0) throw invalid(errors);
  requireSize(`application ${application.application_name}`, withText(application, change));
  const described = descriptions(change);
  if (described.length > 0) {
    const services = await deps.collections.services.find({ application_id: id });
    const difference = compare(services, described);
    check(deps, caller, application, difference);
    await apply(deps, application, difference, caller, requestId);
  }
  await storeText(deps, application, change);
  deps.log.info({ application: id, request_id: requestId }, 'application updated');
}

function fixedFields(application: Application): Record<string, readonly unknown[]> {
  return {
    application_name: [application.application_name],
    application_namespace: [application.application_namespace],
    applicationID: ['', application.id],
    '_id.$oid': ['', application.id],
    userId: [application.owner],
  };
}

function descriptions({ microservices = [] }: ApplicationChange): Described[] {
  return microservices.flatMap((microservice, index) =>
    typeof microservice === 'string' ? [] : [{ microservice, path: `microservices.${index}` }],
  );
}

function compare(services: readonly Service[], described: readonly Described[]): Difference {
  const byName = new Map(services.map(service => [nameOf(service.microservice), service]));
  const names = new Set(described.map(({ microservice }) => nameOf(microservice)));
  return {
    added: described.filter(({ microservice }) => !byName.has(nameOf(microservice))),
    kept: described.flatMap(({ microservice, path }) => {
      const service = byName.get(nameOf(microservice));
      return service ? [{ service, change: { whole: true, fields: microservice, path } }] : [];
    }),
    removed: services.filter(({ microservice }) => !names.has(nameOf(microservice))),
  };
}

function nameOf({ microservice_name, microservice_namespace }: Microservice): string {
  return `${microservice_name}.${microservice_namespace}`;
}

/** @throws FORBIDDEN, SLA_INVALID, PRIVILEGE_REFUSED, ROLLOUT_RUNNING */
function check(
  deps: Pick<ChangesDeps, 'clock'>,
  caller: Caller,
  application: Application,
  { added, kept, removed }: Difference,
): void {
  if (added.length > 0) requireRight(caller, application, 'service:create');
  if (kept.length > 0) requireRight(caller, application, 'service:update');
  if (removed.length > 0) requireRight(caller, application, 'service:delete');
  for (const { microservice, path } of added) requirePrivilege(caller, microservice, path);
  for (const { service, change } of kept) {
    planUpdate(caller, service, change, { requestId: '', seconds: deps.clock.now() / 1000, populated: true });
  }
}

function requireRight(caller: Caller, application: Application, operation: Operation): void {
  if (mayUse(caller, application, operation)) return;
  const message = `none of your roles allows ${operation} on ${application.application_name}`;
  throw new HedgerowError(ERRORS.FORBIDDEN, message);
}

async function apply(
  deps: ChangesDeps & { changes: Changes },
  application: Application,
  { added, kept, removed }: Difference,
  caller: Caller,
  requestId: string,
): Promise<void> {
  if (added.length > 0) {
    const services = planned(deps, application, added);
    await createPlan(deps, deps.changes, { applications: [], services });
  }
  for (const { service, change } of kept) await storeUpdate(deps, caller, service.id, change, requestId);
  if (removed.length === 0) return;
  await deps.changes.remove(
    removed.map(({ id }) => ({ collection: 'services', id })),
    requestId,
  );
}

function planned(deps: ChangesDeps, application: Application, added: readonly Described[]): PlannedService[] {
  const ids = idTaker(deps)(added.length);
  return added.flatMap(({ microservice, path }, index) =>
    compileServices([microservice], application, '', () => ids.slice(index, index + 1)).map(service => ({
      ...service,
      path,
    })),
  );
}

async function storeText(deps: ChangesDeps, { id }: Application, change: ApplicationChange): Promise<void> {
  const stored = await update(deps.collections.applications, id, current => withText(current, change));
  if (!stored)
    throw new HedgerowError(ERRORS.APPLICATION_UNKNOWN, `the application ${id} was removed meanwhile`);
}

/** What a request does not say stays. */
function withText(current: Application, { application_desc, ...others }: ApplicationChange): Application {
  const isOurs = (key: string) => Object.hasOwn(SlaApplicationSchema.properties, key) || SHOWN.includes(key);
  const extra = Object.fromEntries(Object.entries(others).filter(([key]) => !isOurs(key)));
  return {
    ...current,
    application_desc: application_desc ?? current.application_desc,
    extra: { ...current.extra, ...extra },
  };
}

/** Shown by the API beside what the SLA said, and a word of Oakestra's that it drops as well. */
const SHOWN = ['_id', 'userId', 'message', 'action'];
