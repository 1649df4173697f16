import assert from 'node:assert/strict';
import { it } from 'node:test';
import { inspect } from 'node:util';
import { OneCallAgent } from './agent.ts';

it('is a word where a request is written down, whatever sockets it has', () => {
  const options = { agent: new OneCallAgent(), path: '/' };
  const text = inspect(options, { showHidden: true, depth: null });
  assert.equal(text, "{ agent: OneCallAgent, path: '/' }");
});
