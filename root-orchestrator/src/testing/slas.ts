import type { Microservice, Sla } from '@hedgerow/protos';

export function microservice(name: string, fields: Partial<Microservice> = {}): Microservice {
  return {
    microservice_name: name,
    microservice_namespace: 'test',
    virtualization: 'container',
    code: 'hedgerow/demo:1',
    ...fields,
  };
}

export function sla(application: string, ...microservices: Microservice[]): Sla {
  return {
    sla_version: 'v2.0',
    customerID: 'Admin',
    applications: [{ application_name: application, application_namespace: 'test', microservices }],
  };
}
