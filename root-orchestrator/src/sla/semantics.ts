/** What a schema cannot say about a descriptor. Works on unchecked data, so that all faults are named at once. */
import { type FieldError, formatIpv4, inPrefix, parseIpv4 } from '@hedgerow/common';
import { parsePorts, SERVICE_PREFIX } from '@hedgerow/protos';
import { checkRecovery } from './recovery.ts';

type Fields = Record<string, unknown>;

interface Part {
  path: string;
  fields: Fields;
}

export function checkSemantics(sla: unknown): FieldError[] {
  const applications = parts(sla, 'applications', '');
  const services = applications.map(application =>
    parts(application.fields, 'microservices', `${application.path}.`),
  );
  const every = services.flat();
  return [
    ...repeated(applications, 'application', 'application_name', 'application_namespace'),
    ...services.flatMap(own => repeated(own, 'service', 'microservice_name', 'microservice_namespace')),
    ...every.flatMap(checkImage),
    ...every.flatMap(checkPorts),
    ...every.flatMap(checkServiceIp),
    ...every.flatMap(({ path, fields }) => checkRecovery(path, fields)),
    ...repeatedServiceIps(every),
  ];
}

function parts(owner: unknown, key: string, prefix: string): Part[] {
  const list = isFields(owner) ? owner[key] : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((fields: unknown, index) =>
    isFields(fields) ? [{ path: `${prefix}${key}.${index}`, fields }] : [],
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function repeated(all: readonly Part[], what: string, nameKey: string, namespaceKey: string): FieldError[] {
  const seen = new Set<string>();
  return all.flatMap(({ path, fields }) => {
    const [name, namespace] = [fields[nameKey], fields[namespaceKey]];
    if (typeof name !== 'string' || typeof namespace !== 'string') return [];
    const key = `${name}.${namespace}`;
    const isNew = !seen.has(key);
    seen.add(key);
    if (isNew) return [];
    return [{ path: `${path}.${nameKey}`, found: name, allowed: `one ${what} of this name and namespace` }];
  });
}

const PART = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
/** Of the distribution specification: [host[:port]/]path[:tag][@digest]. */
const IMAGE = new RegExp(
  `^(?:[A-Za-z0-9.-]+(?::\\d{1,5})?/)?${PART}(?:/${PART})*(?::\\w[\\w.-]{0,127})?(?:@sha256:[a-f0-9]{64})?$`,
);

function checkImage({ path, fields }: Part): FieldError[] {
  const { code } = fields;
  if (typeof code !== 'string' || code === '' || (code.length <= 512 && IMAGE.test(code))) return [];
  return [
    {
      path: `${path}.code`,
      found: code,
      allowed: 'an image: [host/]name[:tag][@sha256:…], name in small letters',
    },
  ];
}

function checkPorts({ path, fields }: Part): FieldError[] {
  if (typeof fields.port !== 'string') return [];
  const result = parsePorts(fields.port);
  return 'bad' in result
    ? [{ path: `${path}.port`, found: result.bad, allowed: `ports; this one is ${result.why}` }]
    : [];
}

function serviceIpOf({ path, fields }: Part): { path: string; ip: string } | null {
  const ip = isFields(fields.addresses) ? fields.addresses.rr_ip : undefined;
  return typeof ip === 'string' && ip !== '' ? { path: `${path}.addresses.rr_ip`, ip } : null;
}

function checkServiceIp(service: Part): FieldError[] {
  const wish = serviceIpOf(service);
  if (!wish || inPrefix(wish.ip, SERVICE_PREFIX)) return [];
  return [{ path: wish.path, found: wish.ip, allowed: `an address in ${SERVICE_PREFIX}, or none` }];
}

function repeatedServiceIps(services: readonly Part[]): FieldError[] {
  const seen = new Set<string>();
  return services.flatMap(service => {
    const wish = serviceIpOf(service);
    const address = wish && parseIpv4(wish.ip);
    if (address === null) return [];
    const key = formatIpv4(address);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew || !wish
      ? []
      : [{ path: wish.path, found: wish.ip, allowed: 'an address that no other service of this SLA wants' }];
  });
}
