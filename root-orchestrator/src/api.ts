/** Wires the HTTP API: everything that a person or a client program can ask of the root. */
import type { RequestListener } from 'node:http';
import { createChecker } from '@hedgerow/common/check';
import { createIdentity } from './auth/identity.ts';
import type { RootConfig } from './config.ts';
import { serveDocs } from './http/docs.ts';
import { applicationRoutes } from './http/routes/applications.ts';
import { authRoutes } from './http/routes/auth.ts';
import { clusterRoutes } from './http/routes/clusters.ts';
import { healthRoutes } from './http/routes/health.ts';
import { instanceRoutes } from './http/routes/instances.ts';
import { organizationRoutes } from './http/routes/organizations.ts';
import { serviceRoutes } from './http/routes/services.ts';
import { userRoutes } from './http/routes/users.ts';
import { createApp } from './http/server.ts';
import type { Sessions } from './ports.ts';
import { Applications } from './services/applications.ts';
import type { Changes, ChangesDeps } from './services/changes.ts';
import { Instances } from './services/instances.ts';
import { Services } from './services/services.ts';

export type ApiConfig = Pick<RootConfig, 'data' | 'adminPassword' | 'assets' | 'accessTokenSeconds'>;

export interface ApiDeps extends ChangesDeps {
  changes: Changes;
  sessions: Sessions;
}

export async function createApi(config: ApiConfig, deps: ApiDeps): Promise<RequestListener> {
  const { collections, log, sessions, changes } = deps;
  const identity = await createIdentity(config, deps);
  const checker = createChecker();
  const applications = new Applications(deps, changes);
  const services = new Services(deps, changes);
  const routes = [
    ...authRoutes(identity),
    ...userRoutes(identity),
    ...organizationRoutes(identity),
    ...applicationRoutes({ applications, users: identity.rights, checker, log }),
    ...serviceRoutes({ services, checker, log }),
    ...instanceRoutes({ instances: new Instances(deps) }),
    ...clusterRoutes({ collections, sessions }),
    ...healthRoutes(collections),
  ];
  return createApp({
    routes,
    checker,
    authenticate: identity.authenticate,
    log,
    extend: app => serveDocs(app, routes, config.assets),
  });
}
