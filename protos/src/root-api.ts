/** HTTP bodies of the System Manager (port 10000). Paths, keys and types are those that Oakestra's clients read. */
import { type Static, Type } from 'typebox';

const Open = { additionalProperties: true } as const;
const Oid = Type.Object({ $oid: Type.String({ pattern: '^[0-9a-f]{24}$' }) });

export const ErrorSchema = Type.Object(
  {
    code: Type.Integer({ description: 'HTTP status.' }),
    error: Type.String({ description: 'A stable word.' }),
    status: Type.String({ description: 'HTTP reason phrase.' }),
    message: Type.String(),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          { path: Type.String(), found: Type.Unknown(), allowed: Type.String() },
          { title: 'FieldError' },
        ),
      ),
    ),
  },
  { title: 'Error' },
);

export const LoginRequestSchema = Type.Object(
  {
    username: Type.String({ maxLength: 256, examples: ['Admin'] }),
    password: Type.String({ maxLength: 1024, examples: ['Admin'] }),
    organization_name: Type.Optional(Type.String({ maxLength: 256 })),
  },
  { ...Open, title: 'LoginRequest' },
);

export const TokensSchema = Type.Object(
  { token: Type.String(), refresh_token: Type.String() },
  { title: 'Tokens' },
);
export const TokenSchema = Type.Object({ token: Type.String() }, { title: 'Token' });

/** Words of Oakestra. What they allow is the root's matter. */
export const ROLES = [
  'Admin',
  'Organization_Admin',
  'Application_Provider',
  'Infrastructure_Provider',
] as const;
export type Role = (typeof ROLES)[number];

const Roles = Type.Array(Type.Unsafe<Role>({ type: 'string', enum: [...ROLES] }), { maxItems: 16 });
const Email = Type.String({ maxLength: 254 });
const NewPassword = Type.String({ minLength: 8, maxLength: 1024 });
const GivenPassword = Type.String({ maxLength: 1024 });

export const RegisterUserSchema = Type.Object(
  {
    _id: Type.Optional(Type.Unknown()),
    name: Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}$' }),
    password: NewPassword,
    email: Type.Optional(Email),
    created_at: Type.Optional(Type.String({ maxLength: 40 })),
    roles: Type.Optional(Roles),
    organization_name: Type.Optional(
      Type.String({
        maxLength: 256,
        description: 'The organization that he becomes a member of; the caller’s when left out.',
      }),
    ),
  },
  { ...Open, title: 'RegisterUser' },
);

export const ChangeUserSchema = Type.Object(
  {
    name: Type.Optional(Type.String({ description: 'As in the path: a user keeps his name.' })),
    email: Type.Optional(Email),
    roles: Type.Optional(Roles),
    password: Type.Optional(
      Type.Union([GivenPassword, Type.Null()], {
        description: 'A new one, of another user. Empty, or a hash as Oakestra shows it, changes nothing.',
      }),
    ),
  },
  { ...Open, title: 'ChangeUser' },
);

export const ChangePasswordSchema = Type.Object(
  { oldPassword: GivenPassword, newPassword: NewPassword },
  { ...Open, title: 'ChangePassword' },
);

export const AskResetSchema = Type.Object(
  { username: Type.String({ maxLength: 256 }), domain: Type.Optional(Type.Unknown()) },
  { ...Open, title: 'AskReset' },
);
export const ResetTokenSchema = Type.Object(
  { token: Type.String(), expires: Type.Integer({ description: 'Epoch seconds.' }) },
  { title: 'ResetToken' },
);
export const ResetPasswordSchema = Type.Object(
  { token: Type.String({ maxLength: 256 }), password: NewPassword },
  { ...Open, title: 'ResetPassword' },
);

export const PermissionSchema = Type.Object({ roles: Type.Array(Type.String()) }, { title: 'Permission' });

const OrganizationName = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^\\S(.*\\S)?$',
  description: 'No white space around it, and one line.',
});
const Members = Type.Array(
  Type.Object({ user_id: Type.String(), roles: Roles }, { ...Open, title: 'Member' }),
  { maxItems: 10_000 },
);

export const NewOrganizationSchema = Type.Object(
  { name: OrganizationName, member: Type.Optional(Members) },
  { ...Open, title: 'NewOrganization' },
);
export const ChangeOrganizationSchema = Type.Object(
  { name: Type.Optional(OrganizationName), member: Type.Optional(Members) },
  { ...Open, title: 'ChangeOrganization' },
);
export const OrganizationSchema = Type.Object(
  { _id: Oid, name: Type.String(), member: Members },
  { title: 'Organization' },
);
/** The dashboard parses twice: a JSON string that holds a JSON string. */
export const OrganizationIdSchema = Type.String({
  pattern: '^"[0-9a-f]{24}"$',
  description: 'The id of the organization as JSON once more: parse it twice.',
});

export const UserSchema = Type.Object(
  {
    _id: Oid,
    name: Type.String(),
    email: Type.String(),
    created_at: Type.String(),
    roles: Type.Array(Type.String()),
  },
  { title: 'User' },
);

export const ApplicationSchema = Type.Object(
  {
    _id: Oid,
    applicationID: Type.String(),
    application_name: Type.String(),
    application_namespace: Type.String(),
    application_desc: Type.String(),
    microservices: Type.Array(Type.String(), { description: 'Service ids.' }),
    userId: Type.String({ description: 'Owner’s user name.' }),
  },
  { ...Open, title: 'Application' },
);

export const UpdatedApplicationSchema = Type.Object(
  { ...ApplicationSchema.properties, message: Type.String() },
  { ...Open, title: 'UpdatedApplication' },
);

export const InstanceSchema = Type.Object(
  {
    instance_number: Type.Integer(),
    generation: Type.Integer({ description: 'Of the specification that it runs.' }),
    replaces: Type.Optional(
      Type.Integer({ description: 'Number of the instance that an update removes when this one runs.' }),
    ),
    request_id: Type.String({ description: 'Of the request that asked for it.' }),
    instance_ip: Type.String(),
    status: Type.String(),
    status_detail: Type.String(),
    cluster_id: Type.String(),
    cluster_location: Type.String(),
    worker_id: Type.String(),
    host_ip: Type.String(),
    host_port: Type.Integer(),
    publicip: Type.String(),
    namespace_ip: Type.String(),
    cpu_percent: Type.String(),
    memory_percent: Type.String(),
    disk: Type.String(),
    logs: Type.String(),
    last_modified_timestamp: Type.Number({ description: 'Epoch seconds.' }),
    cpu_history: Type.Array(Type.Object({ value: Type.String(), timestamp: Type.String() })),
    memory_history: Type.Array(Type.Object({ value: Type.String(), timestamp: Type.String() })),
  },
  { ...Open, title: 'Instance' },
);

export const HistorySchema = Type.Object(
  {
    instance_number: Type.Integer(),
    moves: Type.Array(
      Type.Object(
        {
          at: Type.String({ description: 'ISO 8601, UTC, by the clock of the tier.' }),
          tier: Type.String({ enum: ['root', 'cluster', 'worker'] }),
          status: Type.String(),
          detail: Type.String({ description: 'Why.' }),
          cluster_id: Type.String(),
          worker_id: Type.String(),
        },
        { title: 'Move' },
      ),
      { description: 'Oldest first; the last 50.' },
    ),
  },
  { title: 'History' },
);

export const ROLLOUT_STATES = ['rolling', 'undoing', 'done', 'undone', 'failed'] as const;

export const RolloutSchema = Type.Object(
  {
    state: Type.String({ enum: [...ROLLOUT_STATES] }),
    detail: Type.String({ description: 'How far it is, or why it was undone.' }),
    from_generation: Type.Integer(),
    to_generation: Type.Integer(),
    started: Type.Number({ description: 'Epoch seconds.' }),
    request_id: Type.String(),
  },
  { title: 'Rollout' },
);

export const ServiceSchema = Type.Object(
  {
    _id: Oid,
    microserviceID: Type.String(),
    applicationID: Type.String(),
    job_name: Type.String(),
    app_name: Type.String(),
    app_ns: Type.String(),
    service_name: Type.String(),
    service_ns: Type.String(),
    microservice_name: Type.String(),
    microservice_namespace: Type.String(),
    image: Type.String(),
    code: Type.String(),
    virtualization: Type.String(),
    RR_ip: Type.String(),
    next_instance_progressive_number: Type.Integer(),
    instance_list: Type.Array(InstanceSchema),
    generation: Type.Integer({ description: 'Grows with every change of the specification.' }),
    rollout: Type.Optional(RolloutSchema),
    status: Type.Optional(Type.String()),
    status_detail: Type.Optional(Type.String()),
  },
  { ...Open, title: 'Service' },
);

export const ServicesCreatedSchema = Type.Object(
  {
    job_id: Type.String({ description: 'Id of the last service made.' }),
    deployed_services: Type.Array(Type.Object({ service_name: Type.String(), status: Type.Integer() }, Open)),
    failed_services: Type.Array(Type.Object({ service_name: Type.String() }, Open)),
  },
  { title: 'ServicesCreated' },
);

export const InstanceCreatedSchema = Type.Object(
  { message: Type.String(), instance_number: Type.Integer() },
  { title: 'InstanceCreated' },
);
export const MessageSchema = Type.Object({ message: Type.String() }, { title: 'Message' });

export const ClusterSchema = Type.Object(
  {
    _id: Type.String(),
    cluster_name: Type.String(),
    candidate_name: Type.String(),
    cluster_location: Type.String(),
    candidate_location: Type.String(),
    ip: Type.String(),
    port: Type.String(),
    active: Type.Boolean(),
    active_nodes: Type.Integer(),
    cpu_percent: Type.Number(),
    memory_percent: Type.Number(),
    aggregated_cpu_percent: Type.Number(),
    vcpus: Type.Integer(),
    vgpus: Type.Integer(),
    memory: Type.Integer({ description: 'MiB.' }),
    memory_in_mb: Type.Integer(),
    total_cpu_cores: Type.Integer(),
    total_gpu_cores: Type.Integer(),
    virtualization: Type.Array(Type.String()),
    supported_addons: Type.Array(Type.String()),
    csi_drivers: Type.Array(Type.String()),
    workers: Type.Array(Type.String(), { description: 'Host names of its live workers.' }),
    gpu_drivers: Type.Array(Type.String()),
    last_modified_timestamp: Type.Number({ description: 'Epoch seconds.' }),
  },
  { ...Open, title: 'Cluster' },
);

export type ApiError = Static<typeof ErrorSchema>;
export type ApiUser = Static<typeof UserSchema>;
export type ApiOrganization = Static<typeof OrganizationSchema>;
export type ApiApplication = Static<typeof ApplicationSchema>;
export type ApiInstance = Static<typeof InstanceSchema>;
export type ApiHistory = Static<typeof HistorySchema>;
export type ApiRollout = Static<typeof RolloutSchema>;
export type ApiService = Static<typeof ServiceSchema>;
export type ApiCluster = Static<typeof ClusterSchema>;
