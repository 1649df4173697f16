import type { Microservice } from '@hedgerow/protos';
import type { Service } from '../model.ts';

/**
 * What an instance of this generation runs. Of the two specifications of an update, the one that is on trial belongs
 * to exactly one generation; every other generation, however old, ran the one that has proved itself.
 */
export function specificationOf(service: Service, generation: number): Microservice {
  const { rollout, microservice } = service;
  if (!rollout || rollout.state === 'done') return microservice;
  const { from, to, state } = rollout;
  const [trial, proven] = state === 'rolling' ? [to, from] : [from, to];
  return (generation === trial.generation ? trial : proven).microservice;
}
