import assert from 'node:assert/strict';
import { it } from 'node:test';
import { HOLD_SCRIPT, holdCommand } from './script.ts';

const tail = (command: string[]) => command.slice(5);

it('passes program and arguments as they are', () => {
  const command = holdCommand(['nginx', '-g', 'daemon off;'], ['A=b', 'PATH=/bin']);
  assert.deepEqual(command.slice(0, 4), ['/.hedgerow/busybox', 'sh', '-c', HOLD_SCRIPT]);
  assert.deepEqual(tail(command), ['0', 'nginx', '-g', 'daemon off;']);
});

it('hands over the variables that a shell would drop or change, each once, the last one wins', () => {
  const environment = ['a.b=1', 'OK=1', 'a.b=2=3', 'SHLVL=5', 'PWD=/x', '_hr_odd=9', '9LIVES=cat'];
  assert.deepEqual(tail(holdCommand(['run'], environment)), [
    '5',
    'run',
    'a.b=2=3',
    'SHLVL=5',
    'PWD=/x',
    '_hr_odd=9',
    '9LIVES=cat',
  ]);
});
