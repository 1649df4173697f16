/** The API page: Swagger UI's own files and the document, nothing from other hosts. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Express, Response } from 'express';
import { openApiDocument } from './openapi.ts';
import type { Route } from './route.ts';

const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];
const DOCUMENT_PATHS = ['/api/docs/openapi.json', '/docs/openapi.json'];

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Hedgerow API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/api/docs/favicon-32x32.png">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</body>
</html>
`;

/** A login on the page authorizes the page: its tokens are put where Authorize would put them. */
const START = `const ui = SwaggerUIBundle({
  url: '/api/docs/openapi.json',
  dom_id: '#ui',
  tryItOutEnabled: true,
  persistAuthorization: false,
  responseInterceptor(response) {
    if (/\\/api\\/auth\\/login\\/?$/.test(response.url) && response.ok) {
      const tokens = JSON.parse(response.text);
      ui.preauthorizeApiKey('bearer', tokens.token);
      ui.preauthorizeApiKey('refresh', tokens.refresh_token);
    }
    return response;
  },
});
`;

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'";

/** @param assets directory that holds `swagger-ui/`; "" = the files of the package */
export function serveDocs(app: Express, routes: readonly Route[], assets: string): void {
  const document = openApiDocument(routes);
  app.get(DOCUMENT_PATHS, (_request, response) => void response.json(document));
  app.get('/api/docs', (_request, response) => {
    response.setHeader('Content-Security-Policy', POLICY);
    send(response, 'html', PAGE);
  });
  app.get('/api/docs/start.js', (_request, response) => send(response, 'js', START));
  for (const file of FILES) {
    app.get(`/api/docs/${file}`, (_request, response) => {
      response.sendFile(file, { root: filesDirectory(assets), maxAge: '1h' });
    });
  }
}

function send(response: Response, type: string, text: string): void {
  response.type(type).send(text);
}

function filesDirectory(assets: string): string {
  if (assets !== '') return join(assets, 'swagger-ui');
  return dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
}
