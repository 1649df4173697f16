import type { Sla } from '@hedgerow/protos';

/** What the API page offers to deploy. A fresh object each time. */
export function slaExample(applicationId = ''): Sla {
  return {
    sla_version: 'v2.0',
    customerID: 'Admin',
    applications: [
      {
        applicationID: applicationId,
        application_name: 'hello',
        application_namespace: 'test',
        application_desc: 'Two web servers behind one address',
        microservices: [
          {
            microserviceID: '',
            microservice_name: 'web',
            microservice_namespace: 'test',
            virtualization: 'container',
            code: 'hedgerow/demo:1',
            cmd: ['httpd', '-f', '-p', '80', '-h', '/www'],
            memory: 32,
            vcpus: 0,
            port: '',
            addresses: { rr_ip: '10.30.30.30' },
            added_files: [],
            constraints: [],
          },
        ],
      },
    ],
  };
}
