import { parseDelete } from '../commands.ts';
import type { Handler } from './index.ts';

/** `control/delete`: forgotten on disk at once; the container is stopped and removed behind it. */
export const handleDelete: Handler = (context, topic, payload) =>
  context.instances.delete(parseDelete(topic, payload));
