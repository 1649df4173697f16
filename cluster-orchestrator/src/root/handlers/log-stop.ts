import type { Down } from '../dispatch.ts';

export function onLogStop(down: Down, { stream_id }: { stream_id: string }): void {
  down.logs.stop(stream_id);
}
