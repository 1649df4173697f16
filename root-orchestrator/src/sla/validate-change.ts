/** Checks what a request wants to change, before anything is looked up. */
import type { FieldError } from '@hedgerow/common';
import type { Check, Checker } from '@hedgerow/common/check';
import { ApplicationChangeSchema, ServiceChangeSchema } from '@hedgerow/protos';
import { slaCheck } from './validate.ts';

type Fields = Record<string, unknown>;

/** For `PUT /api/service/{id}`: an SLA with one service, or fields of a service. */
export function serviceChangeCheck(checker: Checker): Check {
  const checkFields = checker.compile(ServiceChangeSchema);
  const checkSla = slaCheck(checker);
  return body => {
    if (!isFields(body) || !('applications' in body)) return checkFields(body);
    const errors = checkSla(withoutIds(body));
    return errors.length > 0 ? errors : checkOne(body as unknown as OneService);
  };
}

interface OneService {
  applications: { microservices: unknown[] }[];
}

function checkOne({ applications }: OneService): FieldError[] {
  const [application] = applications;
  if (!application || applications.length !== 1) {
    return [{ path: 'applications', found: `a list of ${applications.length}`, allowed: 'one application' }];
  }
  const { length } = application.microservices;
  if (length === 1) return [];
  return [{ path: 'applications.0.microservices', found: `a list of ${length}`, allowed: 'one service' }];
}

const PREFIX = 'applications.0.';

/** For `PUT /api/application/{id}`: fields of an application; its services as ids, or each of them described. */
export function applicationChangeCheck(checker: Checker): Check {
  const checkFields = checker.compile(loose(ApplicationChangeSchema));
  const checkSla = slaCheck(checker);
  return body => {
    const errors = checkFields(body);
    if (errors.length > 0 || !isFields(body)) return errors;
    const microservices = (body.microservices ?? []) as unknown[];
    const ids = microservices.flatMap((entry, index) => (typeof entry === 'string' ? [index] : []));
    if (ids.length === microservices.length) return [];
    if (ids.length > 0) return ids.map(index => mixed(index, microservices[index]));
    const whole = { ...NAMED, ...body, microservices };
    const sla = { sla_version: 'v2.0', customerID: '', applications: [whole] };
    return checkSla(withoutIds(sla)).map(error => ({ ...error, path: error.path.slice(PREFIX.length) }));
  };
}

/** Without a look at what the services are: that is done by the same check as for an SLA, which names every field. */
function loose({ properties, ...schema }: typeof ApplicationChangeSchema): object {
  const microservices = { type: 'array', items: { type: ['string', 'object'] } };
  return { ...schema, properties: { ...properties, microservices } };
}

/** An application need not say its names again. */
const NAMED = { application_name: 'x', application_namespace: 'x' };

function mixed(index: number, found: unknown): FieldError {
  const allowed = 'a description as the others are, or nothing but ids';
  return { path: `microservices.${index}`, found, allowed };
}

/** A new service has no id, but one that is there may say its own; that it is its own is checked later. */
function withoutIds(sla: Fields): unknown {
  if (!Array.isArray(sla.applications)) return sla;
  const applications = sla.applications.map((application: unknown) => {
    if (!isFields(application) || !Array.isArray(application.microservices)) return application;
    return { ...application, microservices: application.microservices.map(withoutId) };
  });
  return { ...sla, applications };
}

function withoutId(service: unknown): unknown {
  if (!isFields(service) || typeof service.microserviceID !== 'string') return service;
  const { microserviceID: _, ...others } = service;
  return others;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
