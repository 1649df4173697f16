/**
 * The deployment descriptor (SLA), v2.0; the seed also writes `v0.2` for the same format.
 * One text gives the type, the check and the OpenAPI document. Unknown fields are kept, so objects are open, but
 * for the three that are ours alone.
 */
import { type Static, Type } from 'typebox';
import { HEALTH_CHECKS, RESTART_POLICIES } from './link.ts';
import { NAME_PATTERN } from './names.ts';

export const SLA_VERSIONS = ['v2.0', 'v0.2'] as const;

const name = (description: string) => Type.String({ pattern: NAME_PATTERN, description, examples: ['test'] });
const amount = (description: string) =>
  Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1, description, default: 0 });
const words = (description: string) => Type.Array(Type.String(), { description });

export const AddressesSchema = Type.Object(
  {
    rr_ip: Type.Optional(
      Type.String({ description: 'Service IP, 10.30.x.y; the next free one when left out.' }),
    ),
    rr_ip_v6: Type.Optional(Type.String()),
  },
  { additionalProperties: true },
);

export const ConstraintSchema = Type.Object(
  {
    type: Type.String({ description: '`direct` places on one cluster and, if given, on these workers.' }),
    cluster: Type.Optional(Type.String({ description: 'Cluster name.' })),
    node: Type.Optional(Type.String({ description: 'Worker host names: "a;b;c".' })),
  },
  { additionalProperties: true },
);

const seconds = (description: string, standard: number, minimum: number, maximum: number) =>
  Type.Optional(
    Type.Integer({ minimum, maximum, default: standard, description: `${description} Seconds.` }),
  );

/** Objects of which nobody else has fields: one that we do not know is misspelt, and what it was to say would not happen. */
const CLOSED = { additionalProperties: false } as const;

/** When a program that ended is started again: at once, then after 1 s doubling to 5 min. */
export const RestartSchema = Type.Object(
  {
    policy: Type.Optional(
      Type.String({
        enum: [...RESTART_POLICIES],
        default: 'always',
        description: 'on-failure: not after exit code 0.',
      }),
    ),
    attempts: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000_000,
        default: 0,
        description: 'Restarts in a row until the instance is given up (DEAD); 0 = never given up.',
      }),
    ),
  },
  { ...CLOSED, title: 'Restart' },
);

/** Run by the worker. An instance serves when it has passed once, and is started again when it fails. */
export const HealthCheckSchema = Type.Object(
  {
    type: Type.String({ enum: [...HEALTH_CHECKS], description: 'http: any answer from 200 to 399.' }),
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_535, description: 'Of the container; for http and tcp.' }),
    ),
    path: Type.Optional(
      Type.String({ pattern: '^/[!-~]*$', maxLength: 1024, default: '/', description: 'For http.' }),
    ),
    command: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        maxItems: 100,
        description: 'For exec: a program of the image; exit code 0 is healthy.',
      }),
    ),
    interval: seconds('Between checks.', 10, 1, 3600),
    timeout: seconds('For one check.', 3, 1, 600),
    retries: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100, default: 3, description: 'Failures in a row that count.' }),
    ),
    start_period: seconds('After the start, in which failures do not count.', 0, 0, 600),
  },
  { ...CLOSED, title: 'HealthCheck' },
);

/** What the root does when it cannot reach the cluster of an instance. */
export const ClusterLossSchema = Type.Object(
  {
    action: Type.Optional(
      Type.String({
        enum: ['replace', 'wait'],
        default: 'replace',
        description: 'replace: run it on another cluster after the grace; wait: for as long as it takes.',
      }),
    ),
    grace: seconds('Before it is replaced.', 60, 0, 2_592_000),
  },
  { ...CLOSED, title: 'ClusterLoss' },
);

export const MicroserviceSchema = Type.Object(
  {
    microserviceID: Type.Optional(Type.String({ maxLength: 0, description: 'Empty for a new service.' })),
    microservice_name: name('Service name.'),
    microservice_namespace: name('Service namespace.'),
    virtualization: Type.String({ enum: ['container', 'docker'], description: 'Runtime.' }),
    arch: Type.Optional(
      words('Processor architectures that the image runs on: amd64, arm64, …; any when left out.'),
    ),
    code: Type.String({ minLength: 1, description: 'OCI image.', examples: ['hedgerow/demo:1'] }),
    cmd: Type.Optional(words('Replaces the image’s entrypoint and command.')),
    args: Type.Optional(words('Kept, not used.')),
    environment: Type.Optional(
      Type.Array(Type.String({ pattern: '^[^=\\u0000]+=[^\\u0000]*$' }), { description: 'K=V.' }),
    ),
    memory: Type.Optional(amount('MiB reserved and enforced; 0 = no limit.')),
    vcpus: Type.Optional(amount('Cores reserved and enforced; 0 = no limit.')),
    vgpus: Type.Optional(amount('GPUs.')),
    vtpus: Type.Optional(amount('Kept, not used.')),
    bandwidth_in: Type.Optional(amount('Kept, not used.')),
    bandwidth_out: Type.Optional(amount('Kept, not used.')),
    storage: Type.Optional(amount('MiB. Kept, not used.')),
    state: Type.Optional(Type.String()),
    port: Type.Optional(
      Type.String({ description: 'host[:container][/tcp|udp], joined by ";". One number maps to itself.' }),
    ),
    addresses: Type.Optional(AddressesSchema),
    added_files: Type.Optional(words('Kept, not used.')),
    constraints: Type.Optional(Type.Array(ConstraintSchema)),
    connectivity: Type.Optional(Type.Array(Type.Object({}, { additionalProperties: true }))),
    one_shot: Type.Optional(Type.Boolean({ description: 'Run to completion; exit code 0 is COMPLETED.' })),
    privileged: Type.Optional(Type.Boolean()),
    restart: Type.Optional(RestartSchema),
    health_check: Type.Optional(HealthCheckSchema),
    on_cluster_loss: Type.Optional(ClusterLossSchema),
    sla_violation_strategy: Type.Optional(Type.String()),
    target_node: Type.Optional(Type.String()),
  },
  { additionalProperties: true, title: 'Microservice' },
);

export const SlaApplicationSchema = Type.Object(
  {
    applicationID: Type.Optional(Type.String({ description: 'Empty for a new application.' })),
    application_name: name('Application name.'),
    application_namespace: name('Application namespace.'),
    application_desc: Type.Optional(Type.String()),
    microservices: Type.Array(MicroserviceSchema),
  },
  { additionalProperties: true, title: 'SlaApplication' },
);

export const SlaSchema = Type.Object(
  {
    sla_version: Type.String({ enum: [...SLA_VERSIONS] }),
    customerID: Type.String({ description: 'Kept; the owner is who is logged in.' }),
    applications: Type.Array(SlaApplicationSchema),
    args: Type.Optional(words('Kept, not used.')),
  },
  { additionalProperties: true, title: 'SLA' },
);

const { microserviceID: _, ...microserviceFields } = MicroserviceSchema.properties;

/** `PUT /api/service/{id}`: any fields of a service. What the API shows beside them may be sent along. */
export const ServiceChangeSchema = Type.Object(
  {
    ...Type.Partial(Type.Object(microserviceFields)).properties,
    microserviceID: Type.Optional(Type.String({ description: 'The service’s own.' })),
    image: Type.Optional(Type.String({ minLength: 1, description: 'Another name of `code`.' })),
  },
  { additionalProperties: true, title: 'ServiceChange' },
);

/** `PUT /api/application/{id}`: any fields of an application. */
export const ApplicationChangeSchema = Type.Object(
  {
    application_name: Type.Optional(Type.String({ description: 'The application’s own.' })),
    application_namespace: Type.Optional(Type.String({ description: 'The application’s own.' })),
    application_desc: Type.Optional(Type.String()),
    microservices: Type.Optional(
      Type.Array(
        Type.Union([Type.String({ description: 'An id: this service stays as it is.' }), MicroserviceSchema]),
        {
          description:
            'Ids change nothing. Descriptions say which services there are to be: new ones are added, others of the same name changed, those that are not named removed.',
        },
      ),
    ),
  },
  { additionalProperties: true, title: 'ApplicationChange' },
);

export type Microservice = Static<typeof MicroserviceSchema>;
export type SlaApplication = Static<typeof SlaApplicationSchema>;
export type Sla = Static<typeof SlaSchema>;
