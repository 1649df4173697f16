/** HTTP bodies of the Cluster Manager (port 10100). */
import { type Static, Type } from 'typebox';

/** `POST /api/node/register`. Unknown fields are kept. `id` and `secret` are those of an earlier registration. */
export const RegisterRequestSchema = Type.Object(
  {
    host: Type.String({ minLength: 1, description: 'Host name, used by `direct` constraints.' }),
    id: Type.Optional(Type.String({ pattern: '^([0-9a-f]{24})?$' })),
    secret: Type.Optional(Type.String()),
    token: Type.Optional(Type.String({ description: 'Join token of the cluster.' })),
    vcpus: Type.Number({ minimum: 0, description: 'Cores offered.' }),
    memory: Type.Integer({ minimum: 0, description: 'MiB offered.' }),
    architecture: Type.String(),
    virtualization: Type.Array(Type.String()),
    public_address: Type.String({
      format: 'ipv4',
      description: 'Where other workers’ tunnels reach this one.',
    }),
    tunnel_port: Type.Integer({ minimum: 1, maximum: 65535 }),
    overlay: Type.Boolean({ description: 'Has a Net Manager, and a kernel that can do what it needs.' }),
    problems: Type.Optional(
      Type.Array(Type.String({ maxLength: 500 }), {
        maxItems: 20,
        description: 'Sentences: what this machine lacks.',
      }),
    ),
    beat: Type.Optional(
      Type.Integer({ minimum: 100, maximum: 3_600_000, description: 'ms between its heartbeats.' }),
    ),
    dead_after: Type.Optional(
      Type.Integer({
        minimum: 500,
        maximum: 3_600_000,
        description: 'ms of silence after which it counts as dead; the cluster’s setting when left out.',
      }),
    ),
    back_in: Type.Optional(
      Type.Integer({
        minimum: 1000,
        maximum: 3_600_000,
        description:
          'ms in which it is back at the latest when the cluster can be reached again; 30 s when left out.',
      }),
    ),
  },
  { additionalProperties: true },
);
export type RegisterRequest = Static<typeof RegisterRequestSchema>;

export interface RegisterResponse {
  id: string;
  /** a string, as Oakestra's Node Engine expects */
  MQTT_BROKER_PORT: string;
  /** "" = the address that the worker registered at */
  MQTT_BROKER_HOST: string;
  mqtt_username: string;
  mqtt_password: string;
  /** also the broker password; sent with `id` on the next registration */
  secret: string;
  /** network address of the worker's /26, "" without an overlay */
  subnet: string;
  /** why it is another one than before, a sentence; "" = it is not, or nobody knows */
  subnet_why?: string;
  cluster_id: string;
  cluster_name: string;
}
