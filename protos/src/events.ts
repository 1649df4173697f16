/** What the root's feed of events says. */
import { type Static, Type } from 'typebox';

export const EVENT_KINDS = ['application', 'service', 'rollout', 'instance', 'cluster'] as const;

/** The data of one event of `GET /api/events`. A field that has no meaning for its kind is "". */
export const EventSchema = Type.Object(
  {
    kind: Type.String({ enum: [...EVENT_KINDS] }),
    change: Type.String({
      enum: ['created', 'changed', 'leaving', 'removed', 'connected', 'disconnected'],
      description: '`leaving`: an instance is not wanted any more, but not gone yet.',
    }),
    at: Type.String({ description: 'ISO 8601, UTC.' }),
    application_id: Type.String(),
    service_id: Type.String(),
    job_name: Type.String({ description: 'Of an application and a cluster: its name.' }),
    instance_number: Type.Optional(Type.Integer()),
    generation: Type.Optional(Type.Integer()),
    status: Type.String({ description: 'Of an instance its status, of an update its state.' }),
    status_detail: Type.String(),
    cluster_id: Type.String(),
    worker_id: Type.String(),
    request_id: Type.String(),
  },
  { additionalProperties: true, title: 'Event' },
);

export type ApiEvent = Static<typeof EventSchema>;
