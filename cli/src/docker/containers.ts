import { DockerError, docker, dockerJson } from './http.ts';

export interface Container {
  Id: string;
  Names: string[];
  Labels: Record<string, string>;
  State: string;
}

/** All containers, stopped ones too, that have this label (`key` or `key=value`). "" = every container. */
export function listContainers(socket: string, label: string): Promise<Container[]> {
  const filters = label === '' ? {} : { label: [label] };
  const path = `/containers/json?all=1&filters=${encodeURIComponent(JSON.stringify(filters))}`;
  return dockerJson<Container[]>(socket, { method: 'GET', path });
}

/** Kills and removes; gone already is fine. */
export async function removeContainer(socket: string, id: string): Promise<void> {
  try {
    await docker(socket, { method: 'DELETE', path: `/containers/${id}?force=1&v=1` });
  } catch (error) {
    if (!(error instanceof DockerError) || (error.status !== 404 && error.status !== 409)) throw error;
  }
}

/** Runs a program in a container, as `docker exec` does. @returns output and exit code */
export async function execIn(
  socket: string,
  container: string,
  command: readonly string[],
): Promise<{ output: string; code: number }> {
  const created = await dockerJson<{ Id: string }>(socket, {
    method: 'POST',
    path: `/containers/${container}/exec`,
    body: { Cmd: command, AttachStdout: true, AttachStderr: true },
  });
  const stream = await docker(socket, {
    method: 'POST',
    path: `/exec/${created.Id}/start`,
    body: { Detach: false, Tty: false },
  });
  const state = await dockerJson<{ ExitCode: number }>(socket, {
    method: 'GET',
    path: `/exec/${created.Id}/json`,
  });
  return { output: unframe(stream), code: state.ExitCode };
}

/** Without a terminal the Engine frames what it sends: stream (1 byte), 3 zeros, length (4 bytes), payload. */
function unframe(stream: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= stream.length; ) {
    const length = stream.readUInt32BE(at + 4);
    parts.push(stream.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts).toString();
}
