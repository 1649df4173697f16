import type { LogRequest } from '@hedgerow/protos';
import type { Down } from '../dispatch.ts';

export function onLogRequest(down: Down, request: LogRequest): void {
  down.logs.request(request);
}
