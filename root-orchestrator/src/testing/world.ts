/** Two organizations, and in them what a caller of some role may or may not reach. */
import { newId, systemClock } from '@hedgerow/common';
import type { Role } from '@hedgerow/protos';
import { hashPassword } from '../auth/password.ts';
import { openSigningKeys, secretFiles } from '../auth/secrets.ts';
import { createTokens, type Tokens } from '../auth/tokens.ts';
import type { TestRoot } from './root.ts';
import { microservice } from './slas.ts';

/** How far away something is: the caller's, his organization's, somebody else's. */
export const LEVELS = ['own', 'organization', 'all'] as const;
export type Level = (typeof LEVELS)[number];

export interface Target {
  user: string;
  userId: string;
  organization: string;
  application: string;
  service: string;
}

export interface World {
  caller: { name: string; id: string; token: string; organization: string };
  targets: Record<Level, Target>;
}

export const PASSWORD = 'the password of all';

export interface WorldMaker {
  make(role: Role | 'anybody'): Promise<World>;
}

/** Tokens are made with the root's own keys, since a login costs 50 ms. @param data the root's directory */
export async function createWorldMaker(root: TestRoot, data: string): Promise<WorldMaker> {
  const keys = await openSigningKeys(secretFiles(data));
  const tokens = createTokens({ keys, clock: systemClock, accessSeconds: 600 });
  const password_hash = await hashPassword(PASSWORD);
  let count = 0;
  const place = async (level: Level, name: string, organization: string): Promise<Target> => {
    const userId = newId(Date.now());
    const user = { id: userId, name, email: '', created_at: '', password_hash, token_version: 0 };
    await root.collections.users.insert(user);
    const application = await insertApplication(root, `${level}${count}`, name, organization);
    return { user: name, userId, organization, ...application };
  };
  return {
    async make(role) {
      count += 1;
      const [home, away] = [newId(Date.now()), newId(Date.now())];
      const targets = {
        own: await place('own', `caller${count}`, home),
        organization: await place('organization', `colleague${count}`, home),
        all: await place('all', `stranger${count}`, away),
      };
      const roles = role === 'anybody' ? [] : [role];
      await root.collections.organizations.insert({
        id: home,
        name: `home${count}`,
        member: [
          { user_id: targets.own.userId, roles },
          { user_id: targets.organization.userId, roles: [] },
        ],
      });
      await root.collections.organizations.insert({
        id: away,
        name: `away${count}`,
        member: [{ user_id: targets.all.userId, roles: [] }],
      });
      const { user: name, userId: id } = targets.own;
      return {
        caller: { name, id, token: tokenOf(tokens, { id, name, roles, home }), organization: home },
        targets,
      };
    },
  };
}

function tokenOf(
  tokens: Tokens,
  { id, name, roles, home }: { id: string; name: string; roles: Role[]; home: string },
): string {
  return tokens.issue('access', { id, name, roles, organization: home, version: 0 });
}

async function insertApplication(
  { collections }: TestRoot,
  name: string,
  owner: string,
  organization_id: string,
): Promise<Pick<Target, 'application' | 'service'>> {
  const [application, service] = [newId(Date.now()), newId(Date.now())];
  await collections.applications.insert({
    id: application,
    application_name: name,
    application_namespace: 'test',
    application_desc: '',
    owner,
    organization_id,
    extra: {},
  });
  await collections.services.insert({
    id: service,
    application_id: application,
    job_name: `${name}.test.web.test`,
    app_name: name,
    app_ns: 'test',
    microservice: { ...microservice('web'), virtualization: 'docker' },
    service_ip: '',
    next_instance_number: 0,
    generation: 1,
    rollout: null,
  });
  return { application, service };
}
