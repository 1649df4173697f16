/** From a checked descriptor to the documents that it means. */
import type { New } from '@hedgerow/common';
import { type Microservice, type SlaApplication, SlaApplicationSchema } from '@hedgerow/protos';
import type { Application, Service } from '../model.ts';

export interface PlannedService {
  /** `service_ip` is still "" */
  document: New<Service>;
  /** the SLA's `rr_ip` */
  wish: string | undefined;
  /** where the SLA says it: `applications.0.microservices.1` */
  path: string;
}

export interface PlannedApplication {
  document: New<Application>;
  path: string;
}

export interface Plan {
  applications: PlannedApplication[];
  services: PlannedService[];
}

/** Whoever makes an application, and the id of the organization that he is logged in to. */
export interface Owner {
  name: string;
  organization: string;
}

/** @param takeIds n fresh ids in ascending order, so that lists by id have the order of the SLA */
export function compileApplications(
  applications: readonly SlaApplication[],
  owner: Owner,
  takeIds: (count: number) => string[],
): Plan {
  const ids = takeIds(applications.length);
  const planned = applications.map((application, index) => ({
    document: applicationDocument(application, ids[index] as string, owner),
    path: `applications.${index}`,
  }));
  const services = planned.flatMap(({ document, path }, index) =>
    compileServices(applications[index]?.microservices ?? [], document, path, takeIds),
  );
  return { applications: planned, services };
}

/** @param path of the application in the SLA */
export function compileServices(
  microservices: readonly Microservice[],
  application: New<Application>,
  path: string,
  takeIds: (count: number) => string[],
): PlannedService[] {
  const ids = takeIds(microservices.length);
  return microservices.map((microservice, index) => ({
    document: serviceDocument(microservice, ids[index] as string, application),
    wish: microservice.addresses?.rr_ip || undefined,
    path: `${path}.microservices.${index}`,
  }));
}

function applicationDocument(application: SlaApplication, id: string, owner: Owner): New<Application> {
  const known = SlaApplicationSchema.properties;
  const extra = Object.entries(application).filter(
    ([key]) => !Object.hasOwn(known, key) && key !== '_id' && key !== 'action',
  );
  return {
    id,
    application_name: application.application_name,
    application_namespace: application.application_namespace,
    application_desc: application.application_desc ?? '',
    owner: owner.name,
    organization_id: owner.organization,
    extra: Object.fromEntries(extra),
  };
}

function serviceDocument(
  microservice: Microservice,
  id: string,
  application: New<Application>,
): New<Service> {
  const { application_name, application_namespace } = application;
  const { microservice_name, microservice_namespace } = microservice;
  return {
    id,
    application_id: application.id,
    job_name: [application_name, application_namespace, microservice_name, microservice_namespace].join('.'),
    app_name: application_name,
    app_ns: application_namespace,
    // The two words mean the same; clients are shown the second.
    microservice: { ...microservice, virtualization: 'docker' },
    service_ip: '',
    next_instance_number: 0,
    generation: 1,
    rollout: null,
  };
}
