export interface Reply<T> {
  status: number;
  headers: Headers;
  body: T;
}

export interface RequestOptions {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

/** One request; no status is an error. A body that is not JSON is given as text. */
export async function call<T = unknown>(
  url: string,
  method: string,
  { token, body, headers }: RequestOptions = {},
): Promise<Reply<T>> {
  const answer = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: answer.status, headers: answer.headers, body: parse(await answer.text()) as T };
}

/** @returns an access token */
export async function login(url: string, username = 'Admin', password = 'Admin'): Promise<string> {
  const reply = await call<{ token: string }>(`${url}/api/auth/login`, 'POST', {
    body: { username, password },
  });
  if (reply.status !== 200) throw new Error(`login: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body.token;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
