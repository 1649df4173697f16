import type { Sla } from '@hedgerow/protos';

/** What the API page offers to deploy: names and addresses that the demo does not use. A fresh object each time. */
export function slaExample(service: string, applicationId = ''): Sla {
  return {
    sla_version: 'v2.0',
    customerID: 'Admin',
    applications: [
      {
        applicationID: applicationId,
        application_name: 'hello',
        application_namespace: 'test',
        application_desc: 'Instances behind one address',
        microservices: [
          {
            microserviceID: '',
            microservice_name: service,
            microservice_namespace: 'test',
            virtualization: 'container',
            code: 'hedgerow/demo:1',
            cmd: [],
            memory: 32,
            vcpus: 0,
            port: '',
            added_files: [],
            constraints: [],
          },
        ],
      },
    ],
  };
}
