import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import SwaggerParser from '@apidevtools/swagger-parser';
import { startTestRoot, type TestRoot } from '../testing/root.ts';

let root: TestRoot;
// biome-ignore lint/suspicious/noExplicitAny: a document as a client meets it
let document: any;

before(async () => {
  root = await startTestRoot();
  document = (await root.call('GET', '/api/docs/openapi.json')).body;
});
after(() => root.stop());

/** What the API promises, by hand, so that a route cannot vanish unseen. */
const ROUTES = `
  POST /api/auth/login, POST /api/auth/refresh, POST /api/auth/register, POST /api/auth/logout,
  GET /api/permission/{username}, GET /api/user/{username}, PUT /api/user/{username}, DELETE /api/user/{username},
  POST /api/user/{username}, POST /api/user/{username}/reset, POST /api/user, PUT /api/user,
  GET /api/users, GET /api/users/{organization_id},
  GET /api/organization, POST /api/organization, PUT /api/organization/{id}, DELETE /api/organization/{id},
  POST /api/application, GET /api/applications, GET /api/applications/{userid},
  GET /api/application/{id}, PUT /api/application/{id}, DELETE /api/application/{id},
  POST /api/service, GET /api/services, GET /api/services/{appid}, GET /api/service/{id},
  PUT /api/service/{id}, DELETE /api/service/{id},
  POST /api/service/{id}/instance, GET /api/service/{id}/instance/{number},
  DELETE /api/service/{id}/instance/{number}, GET /api/service/{id}/instance/{number}/logs,
  GET /api/service/{id}/instance/{number}/history,
  GET /api/clusters, GET /api/clusters/active, DELETE /api/cluster/{id}, GET /api/events,
  POST /api/information/{clusterid}, POST /api/result/deploy, GET /frontend/uploader,
  POST /frontend/uploader, GET /healthz, GET /readyz, GET /metrics`;

test('the document is valid OpenAPI 3.1', async () => {
  assert.match(document.openapi, /^3\.1\./);
  await SwaggerParser.validate(structuredClone(document));
});

test('it is served at Oakestra’s address too', async () => {
  assert.deepEqual((await root.call('GET', '/docs/openapi.json')).body, document);
});

test('every route is in it, and nothing else', () => {
  const described = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(described.sort(), ROUTES.trim().split(/,\s+/).sort());
});

test('every route that is described answers, and asks for a token where it says so', async () => {
  for (const [path, methods] of Object.entries<Record<string, { security: object[] }>>(document.paths)) {
    for (const [method, { security }] of Object.entries(methods)) {
      const url = path.replaceAll(/\{\w+\}/g, '0');
      const { status, body } = await root.call(method.toUpperCase(), url);
      assert.notEqual(body.error, 'PATH_UNKNOWN', `${method} ${path}`);
      if (security.length > 0) assert.equal(status, 401, `${method} ${path}`);
      else assert.notEqual(status, 401, `${method} ${path}`);
    }
  }
});

test('operations have unique names, and every reference leads somewhere', () => {
  const operations = Object.values<Record<string, { operationId: string }>>(document.paths).flatMap(methods =>
    Object.values(methods),
  );
  const ids = operations.map(operation => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    assert.ok(document.components.schemas[name as string], `${name}`);
  }
});

test('what is offered as an example is accepted', async () => {
  const token = await root.login();
  const { example } = document.paths['/api/application'].post.requestBody.content['application/json'];
  assert.equal((await root.call('POST', '/api/application', example, token)).status, 200);
});

test('the page needs no other host', async () => {
  for (const end of ['', '/']) {
    const response = await fetch(`${root.url}/api/docs${end}`, { redirect: 'error' });
    assert.match(response.headers.get('content-type') ?? '', /^text\/html/);
    const page = await response.text();
    const links = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(match => match[1] as string);
    assert.equal(links.length, 4);
    for (const link of links) {
      assert.match(link, /^\/api\/docs\//);
      const file = await fetch(root.url + link);
      assert.equal(file.status, 200, link);
      assert.ok((await file.arrayBuffer()).byteLength > 100, link);
    }
  }
});

test('files beside those of the page are not served', async () => {
  for (const path of ['package.json', '../package.json', '%2e%2e%2fpackage.json', 'index.html']) {
    assert.equal((await root.call('GET', `/api/docs/${path}`)).status, 404, path);
  }
});
