/** What a request for the change of a service means: its whole description, or only the fields that change. */
import type { FieldError } from '@hedgerow/common';
import { type Microservice, ServiceChangeSchema } from '@hedgerow/protos';
import type { Service } from '../model.ts';
import { checkSemantics } from './semantics.ts';
import { unknownFields } from './unknown-fields.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface ServiceChange {
  /** a whole description: a field that it leaves out goes back to its default */
  whole: boolean;
  fields: Fields;
  /** where the request says them: `applications.0.microservices.0`; "" = the body itself */
  path: string;
}

export type Changed = { microservice: Microservice } | { errors: FieldError[] };

/** Shown by the API beside what the SLA said, or a word for it: never stored with the fields of a service. */
const SHOWN = [
  '_id',
  'microserviceID',
  'applicationID',
  'job_name',
  'app_name',
  'app_ns',
  'service_name',
  'service_ns',
  'image',
  'RR_ip',
  'rr_ip',
  'next_instance_progressive_number',
  'instance_list',
  'generation',
  'rollout',
  'status',
  'status_detail',
];

/** @param body an SLA with one service, or the fields of a service; checked by its schema */
export function serviceChange(body: Fields): ServiceChange {
  const { applications } = body as { applications?: { microservices: Fields[] }[] };
  if (!applications) return { whole: false, fields: body, path: '' };
  const fields = applications[0]?.microservices[0] ?? {};
  return { whole: true, fields, path: 'applications.0.microservices.0' };
}

/** What the service is to be, or every field that cannot be so. The service IP stays, whatever is left out. */
export function changed(service: Service, change: ServiceChange): Changed {
  const { fields, path } = change;
  const fixed = fixedErrors(fields, fixedFields(service), path);
  const image = imageOf(service, fields);
  if (!change.whole) fixed.push(...unknownErrors(service, fields));
  if (image === null) fixed.push(error(path, 'image', fields.image, 'the same text as code, or left out'));
  const sent = Object.fromEntries(Object.entries(fields).filter(([key]) => !SHOWN.includes(key)));
  const microservice = {
    ...(change.whole ? {} : service.microservice),
    ...sent,
    ...(typeof image === 'string' ? { code: image } : {}),
    ...addresses(service, fields),
    virtualization: service.microservice.virtualization,
  } as Microservice;
  const errors = [...fixed, ...meaning(microservice, path)];
  return errors.length > 0 ? { errors } : { microservice };
}

/** @param own key → what may be sent for it, beside leaving it out. @returns an error for each that is something else */
export function fixedErrors(
  fields: Fields,
  own: Readonly<Record<string, readonly unknown[]>>,
  path: string,
): FieldError[] {
  return Object.entries(own).flatMap(([key, allowed]) => {
    const found = valueAt(fields, key);
    if (found === undefined || allowed.includes(found)) return [];
    return [error(path, key, found, `${JSON.stringify(allowed.at(-1))}; it cannot be changed`)];
  });
}

/**
 * A whole SLA keeps what we do not know, but one field of that kind alone is most likely misspelt. Those that the service
 * has already are shown by the API, so they may be sent.
 */
function unknownErrors({ microservice }: Service, fields: Fields): FieldError[] {
  const known = new Set([...SHOWN, ...unknownFields(ServiceChangeSchema, microservice)]);
  return unknownFields(ServiceChangeSchema, fields)
    .filter(path => !known.has(path) && (Object.hasOwn(fields, path) || path.startsWith('addresses.')))
    .map(path => ({
      path,
      found: fields[path] ?? valueAt(fields, path) ?? null,
      allowed: 'the fields of a service',
    }));
}

function fixedFields(service: Service): Record<string, readonly unknown[]> {
  const { microservice_name, microservice_namespace } = service.microservice;
  return {
    microservice_name: [microservice_name],
    microservice_namespace: [microservice_namespace],
    service_name: [microservice_name],
    service_ns: [microservice_namespace],
    microserviceID: ['', service.id],
    '_id.$oid': ['', service.id],
    applicationID: ['', service.application_id],
    job_name: [service.job_name],
    app_name: [service.app_name],
    app_ns: [service.app_ns],
    RR_ip: ['', service.service_ip],
    rr_ip: ['', service.service_ip],
    'addresses.rr_ip': ['', service.service_ip],
  };
}

/**
 * `image` is what the API shows of `code`. Of the two, the one that differs from what there is counts.
 * @returns undefined when neither is given, null when they contradict each other
 */
function imageOf({ microservice }: Service, { image, code }: Fields): string | null | undefined {
  const given = [...new Set([code, image].filter(word => word !== undefined))];
  const news = given.filter(word => word !== microservice.code);
  const [word] = news.length > 0 ? news : given;
  if (word === undefined) return undefined;
  return news.length <= 1 && typeof word === 'string' ? word : null;
}

function addresses({ microservice }: Service, fields: Fields): Pick<Microservice, 'addresses'> {
  const sent = fields.addresses as Microservice['addresses'];
  const { rr_ip: _, ...others } = sent ?? {};
  if (!microservice.addresses && Object.keys(others).length === 0) return {};
  return { addresses: { ...microservice.addresses, ...others } };
}

const WRAPPED = 'applications.0.microservices.0';

function meaning(microservice: Microservice, path: string): FieldError[] {
  const errors = checkSemantics({ applications: [{ microservices: [microservice] }] });
  return errors.map(found => ({ ...found, path: join(path, found.path.slice(WRAPPED.length + 1)) }));
}

function error(path: string, key: string, found: unknown, allowed: string): FieldError {
  return { path: join(path, key), found: found ?? null, allowed };
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function valueAt(fields: Fields, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Fields | null | undefined)?.[key], fields);
}
