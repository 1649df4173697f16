/** Descriptors as the clients send them. */
export function sla(application: string, services: readonly string[] = [], extra: object = {}) {
  return {
    sla_version: 'v2.0',
    customerID: 'Admin',
    applications: [
      {
        application_name: application,
        application_namespace: 'test',
        application_desc: 'made by a contract test',
        microservices: services.map(name => service(name)),
        ...extra,
      },
    ],
  };
}

export function service(name: string, extra: object = {}) {
  return {
    microserviceID: '',
    microservice_name: name,
    microservice_namespace: 'test',
    virtualization: 'container',
    memory: 32,
    vcpus: 1,
    vgpus: 0,
    vtpus: 0,
    bandwidth_in: 0,
    bandwidth_out: 0,
    storage: 0,
    code: 'hedgerow/demo:1',
    state: '',
    port: '',
    added_files: [],
    cmd: ['tail', '-f', '/dev/null'],
    ...extra,
  };
}

/** What the dashboard's form sends: no `cmd`, no `addresses`, empty strings and lists where nothing was filled in. */
export function formService(name: string) {
  const { cmd: _, ...fields } = service(name);
  return { ...fields, description: '', args: [], environment: [], constraints: [], connectivity: [] };
}
