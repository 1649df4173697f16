import { type ErrorKind, HedgerowError } from '@hedgerow/common';
import type { ApiApplication, ApiService } from '@hedgerow/protos';
import { ERRORS } from '../errors.ts';

/** What a person may call a thing: its id, its whole name, or its own name when only one thing has it. */
interface Named<T> {
  thing: T;
  id: string;
  full: string;
  short: string;
}

export type Target =
  | { kind: 'application'; application: ApiApplication }
  | { kind: 'service'; service: ApiService };

/** @throws NAME_UNKNOWN, NAME_AMBIGUOUS listing the whole names */
export function findService(name: string, services: readonly ApiService[]): ApiService {
  return only(name, 'service', matching(name, services.map(namedService)));
}

/** @throws NAME_UNKNOWN, NAME_AMBIGUOUS */
export function findApplication(name: string, applications: readonly ApiApplication[]): ApiApplication {
  return only(name, 'application', matching(name, applications.map(namedApplication)));
}

/** Of an application and a service with the same name it is the application. @throws NAME_UNKNOWN, NAME_AMBIGUOUS */
export function findTarget(
  name: string,
  applications: readonly ApiApplication[],
  services: readonly ApiService[],
): Target {
  const candidates: Named<Target>[] = [
    ...applications
      .map(namedApplication)
      .map(found => ({ ...found, thing: { kind: 'application', application: found.thing } as const })),
    ...services
      .map(namedService)
      .map(found => ({ ...found, thing: { kind: 'service', service: found.thing } as const })),
  ];
  const found = matching(name, candidates);
  const first = found.filter(({ thing }) => thing.kind === 'application');
  return only(name, 'application or service', first.length > 0 ? first : found);
}

/** `service/3` → the service's name and an instance number; anything else has no number. */
export function splitInstance(name: string): { name: string; instance: number | null } {
  const match = /^(.+)\/(\d{1,9})$/.exec(name);
  return match ? { name: match[1] as string, instance: Number(match[2]) } : { name, instance: null };
}

export function fullName(application: ApiApplication): string {
  return `${application.application_name}.${application.application_namespace}`;
}

function namedService(service: ApiService): Named<ApiService> {
  const { microserviceID: id, job_name: full, service_name: short } = service;
  return { thing: service, id, full, short };
}

function namedApplication(application: ApiApplication): Named<ApiApplication> {
  const { applicationID: id, application_name: short } = application;
  return { thing: application, id, full: fullName(application), short };
}

function matching<T>(name: string, candidates: readonly Named<T>[]): Named<T>[] {
  const exact = candidates.filter(({ id, full }) => id === name || full === name);
  return exact.length > 0 ? exact : candidates.filter(({ short }) => short === name);
}

function only<T>(name: string, noun: string, found: readonly Named<T>[]): T {
  const [first] = found;
  if (first === undefined) throw failure(ERRORS.NAME_UNKNOWN, `there is no ${noun} ${JSON.stringify(name)}`);
  if (found.length === 1) return first.thing;
  const choices = found.map(({ full, id }) => `${full} (${id})`).join(', ');
  throw failure(ERRORS.NAME_AMBIGUOUS, `${JSON.stringify(name)} could be ${choices}`);
}

function failure(kind: ErrorKind, message: string): HedgerowError {
  return new HedgerowError(kind, message);
}
