import { type RegisterRequest, RegisterRequestSchema } from '@hedgerow/protos';
import { type Registration, register } from '../../workers/registration.ts';
import { bodyReader, type Route, route } from '../route.ts';

export function nodeRoutes(registration: Registration): Route[] {
  const read = bodyReader<RegisterRequest>(RegisterRequestSchema);
  return [route('post', '/api/node/register', request => register(registration, read(request)))];
}
