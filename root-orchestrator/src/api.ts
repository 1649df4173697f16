/** Wires the HTTP API: everything that a person or a client program can ask of the root. */
import type { RequestListener } from 'node:http';
import { createChecker } from '@hedgerow/common/check';
import { type MetricRegistry, type Readiness, statusPages } from '@hedgerow/common/metrics';
import { createIdentity } from './auth/identity.ts';
import type { Secrets } from './auth/secrets.ts';
import type { RootConfig } from './config.ts';
import type { EventFeed } from './events/feed.ts';
import { Admission, type AdmissionLimits } from './http/admission.ts';
import { serveDocs } from './http/docs.ts';
import { applicationRoutes } from './http/routes/applications.ts';
import { authRoutes } from './http/routes/auth.ts';
import { clusterRoutes } from './http/routes/clusters.ts';
import { eventRoutes } from './http/routes/events.ts';
import { healthRoutes } from './http/routes/health.ts';
import { instanceRoutes } from './http/routes/instances.ts';
import { logRoutes } from './http/routes/logs.ts';
import { organizationRoutes } from './http/routes/organizations.ts';
import { replacedRoutes } from './http/routes/replaced.ts';
import { serviceRoutes } from './http/routes/services.ts';
import { userRoutes } from './http/routes/users.ts';
import { createApp } from './http/server.ts';

import type { ForwardToLeader } from './leadership/forward.ts';
import { apiMeter } from './metrics/http.ts';
import type { Mirrors } from './mirrors/mirrors.ts';
import type { HistoryReader, Outputs, Sessions } from './ports.ts';
import { Applications } from './services/applications.ts';
import type { Changes, ChangesDeps } from './services/changes.ts';
import { Instances } from './services/instances.ts';
import { Reader } from './services/reader.ts';
import { Services } from './services/services.ts';

export type ApiConfig = Pick<
  RootConfig,
  'adminPassword' | 'assets' | 'accessTokenSeconds' | 'metricsToken'
> & {
  limits?: Partial<AdmissionLimits>;
};

export interface ApiDeps extends ChangesDeps {
  changes: Changes;
  sessions: Sessions;
  outputs: Outputs;
  histories: HistoryReader;
  /** started */
  mirrors: Mirrors;
  feed: EventFeed;
  secrets: Secrets;
  forwardToLeader: ForwardToLeader;
  metrics: MetricRegistry;
  ready: () => Promise<Readiness>;
}

export async function createApi(config: ApiConfig, deps: ApiDeps): Promise<RequestListener> {
  const { collections, log, changes, mirrors, feed } = deps;
  const identity = await createIdentity(config, deps);
  const checker = createChecker();
  const applications = new Applications(deps, changes);
  const services = new Services(deps, changes);
  const reader = new Reader(collections, mirrors, deps.histories);
  const routes = [
    ...authRoutes(identity),
    ...userRoutes(identity),
    ...organizationRoutes(identity),
    ...applicationRoutes({ applications, reader, users: identity.rights, checker, log }),
    ...serviceRoutes({ services, reader, checker, log }),
    ...instanceRoutes({ instances: new Instances(deps), reader }),
    ...logRoutes({ ...deps, authenticate: identity.authenticate }),
    ...clusterRoutes(deps),
    ...eventRoutes({ feed, authenticate: identity.authenticate }),
    ...replacedRoutes(),
    ...healthRoutes(statusPages({ ...deps, token: config.metricsToken ?? '' })),
  ];
  return createApp({
    routes,
    admission: new Admission({ ...deps, ...(config.limits ? { limits: config.limits } : {}) }),
    checker,
    authenticate: identity.authenticate,
    log,
    meter: apiMeter(deps.metrics, routes),
    extend: app => serveDocs(app, routes, config.assets),
  });
}
