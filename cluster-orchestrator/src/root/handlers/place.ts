import type { Place } from '@hedgerow/protos';
import { deploy } from '../../jobs/deploy.ts';
import { place } from '../../jobs/place.ts';
import type { Down } from '../dispatch.ts';

/** The root gets its answer before the worker gets its order: the next placement need not wait for MQTT. */
export async function onPlace(down: Down, message: Place): Promise<void> {
  const { answer, placed } = await place(down.jobs, message);
  if (answer) down.send({ place_answer: answer });
  if (placed) await deploy(down.jobs, placed);
}
