import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isErrorOf } from '@hedgerow/common';
import { ERRORS } from '../../errors.ts';
import { makeDeploy } from '../../testing/deploys.ts';
import type { ImageFacts } from '../runtime.ts';
import { createOptions, programOf } from './options.ts';

const settings = { workerId: '0'.repeat(24), shim: '/usr/bin/busybox', stopGrace: 4 };
const image: ImageFacts = {
  reference: 'web:1',
  entrypoint: ['/entry'],
  cmd: ['-d'],
  environment: ['A=1', 'a.b=2'],
};

describe('program of a container', () => {
  it('is the image’s entrypoint and command', () => {
    assert.deepEqual(programOf(image, []), ['/entry', '-d']);
    assert.deepEqual(programOf({ ...image, entrypoint: [] }, []), ['-d']);
  });

  it('is replaced whole by the cmd of the service', () => {
    assert.deepEqual(programOf(image, ['sh']), ['sh']);
  });

  it('must be there', () => {
    assert.throws(
      () => programOf({ ...image, entrypoint: [], cmd: [] }, []),
      (error: Error) =>
        isErrorOf(error, ERRORS.IMAGE_WITHOUT_PROGRAM) && /image web:1 has neither/.test(error.message),
    );
  });
});

describe('create options', () => {
  const make = (change = {}, hold: string | null = '/data/hold/c') =>
    createOptions({ name: 'c', deploy: makeDeploy(change), image, hold }, settings);

  it('turn MiB and cores into limits, 0 into none', () => {
    const limits = (options: ReturnType<typeof make>) => {
      const { Memory, MemorySwap, NanoCpus } = options.HostConfig ?? {};
      return { Memory, MemorySwap, NanoCpus };
    };
    const bytes = 64 * 1024 * 1024;
    assert.deepEqual(limits(make({ memory: 64, vcpus: 2 })), {
      Memory: bytes,
      MemorySwap: bytes,
      NanoCpus: 2e9,
    });
    assert.deepEqual(limits(make()), { Memory: 0, MemorySwap: 0, NanoCpus: 0 });
  });

  it('mount shim and FIFO and wrap the program', () => {
    const { Entrypoint, Cmd, HostConfig } = make();
    assert.deepEqual(Entrypoint, ['/.hedgerow/busybox']);
    assert.deepEqual((Cmd as string[]).slice(-4), ['1', '/entry', '-d', 'a.b=2']);
    const mounts = HostConfig?.Mounts?.map(({ Source, Target, ReadOnly }) => [Source, Target, ReadOnly]);
    assert.deepEqual(mounts, [
      ['/usr/bin/busybox', '/.hedgerow/busybox', true],
      ['/data/hold/c', '/.hedgerow/hold', true],
    ]);
  });

  it('leave the program alone without an overlay', () => {
    const { Entrypoint, Cmd, HostConfig } = make({}, null);
    assert.deepEqual([Entrypoint, Cmd, HostConfig?.Mounts], [['/entry'], ['-d'], []]);
    assert.equal(HostConfig?.NetworkMode, 'none');
  });

  it('leave restarts to the engine, and the name of the instance to the container', () => {
    const options = make({ instance_number: 3, privileged: true });
    assert.equal(options.HostConfig?.RestartPolicy?.Name, '');
    assert.equal(options.HostConfig?.Privileged, true);
    assert.equal(options.HostConfig?.Init, true);
    assert.equal(options.Hostname, 'instance-3');
    assert.equal(options.StopTimeout, 4);
  });
});
