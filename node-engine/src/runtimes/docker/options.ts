import { HedgerowError } from '@hedgerow/common';
import type { ContainerCreateOptions, MountSettings } from 'dockerode';
import { ERRORS } from '../../errors.ts';
import { FIFO_PATH, holdCommand, SHIM_PATH } from '../../hold/script.ts';
import type { ContainerRequest, ImageFacts } from '../runtime.ts';
import { labelsFor } from './labels.ts';

export interface OptionsSettings {
  workerId: string;
  /** host path of the busybox */
  shim: string;
  /** seconds */
  stopGrace: number;
}

const MIB = 1024 * 1024;
/** Per instance at most 30 MB: a worker's disk must not fill with what a program prints. */
const LOGS = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } };

/** @throws IMAGE_WITHOUT_PROGRAM */
export function createOptions(request: ContainerRequest, settings: OptionsSettings): ContainerCreateOptions {
  const { deploy, image, hold } = request;
  return {
    name: request.name,
    Image: image.reference,
    Hostname: `instance-${deploy.instance_number}`,
    Env: [...deploy.environment],
    Labels: labelsFor(settings.workerId, deploy),
    StopTimeout: settings.stopGrace,
    ...program(request),
    HostConfig: {
      NetworkMode: 'none',
      Memory: deploy.memory * MIB,
      MemorySwap: deploy.memory * MIB,
      NanoCpus: Math.round(deploy.vcpus * 1e9),
      Init: true,
      Privileged: deploy.privileged,
      LogConfig: LOGS,
      RestartPolicy: { Name: '' },
      Mounts: hold === null ? [] : [mount(settings.shim, SHIM_PATH), mount(hold, FIFO_PATH)],
    },
  };
}

/** `cmd` of an SLA replaces the image's entrypoint and command, as in Oakestra. */
export function programOf(image: ImageFacts, cmd: readonly string[]): string[] {
  const argv = cmd.length > 0 ? [...cmd] : [...image.entrypoint, ...image.cmd];
  if (argv.length > 0) return argv;
  const message = `image ${image.reference} has neither entrypoint nor command, and the service gives no cmd`;
  throw new HedgerowError(ERRORS.IMAGE_WITHOUT_PROGRAM, message);
}

function program({ deploy, image, hold }: ContainerRequest): { Entrypoint: string[]; Cmd: string[] } {
  const argv = programOf(image, deploy.cmd);
  const held = hold === null ? argv : holdCommand(argv, [...image.environment, ...deploy.environment]);
  return { Entrypoint: held.slice(0, 1), Cmd: held.slice(1) };
}

function mount(Source: string, Target: string): MountSettings {
  return { Type: 'bind', Source, Target, ReadOnly: true };
}
