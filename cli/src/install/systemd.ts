/** The running systemd of this machine. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { HedgerowError } from '@hedgerow/common';
import { ERRORS } from '../errors.ts';
import { exec } from '../system/exec.ts';

/** ms that a service must have run without an end to count as started; a wrong setting ends it in less than one second */
const STEADY = 2500;
const LOOK_EVERY = 250;

/** @throws INSTALL_IMPOSSIBLE */
export function needSystemd(uid = process.getuid?.()): void {
  if (!existsSync('/run/systemd/system')) {
    const message =
      'systemd does not run here. --prefix DIR writes the files for another machine; `hedge root`, `hedge cluster` and `hedge worker` run in the foreground of any supervisor';
    throw new HedgerowError(ERRORS.INSTALL_IMPOSSIBLE, message);
  }
  if (uid !== 0)
    throw new HedgerowError(ERRORS.INSTALL_IMPOSSIBLE, 'only root may install services: run it with sudo');
}

export function systemctl(...words: string[]): Promise<string> {
  return exec('systemctl', words);
}

export async function isActive(unit: string): Promise<boolean> {
  return (await show(unit)).ActiveState === 'active';
}

/** @throws INSTALL_FAILED with the last lines of its log when it does not keep running */
export async function untilSteady(unit: string): Promise<void> {
  const { NRestarts: before } = await show(unit);
  const end = performance.now() + STEADY;
  while (performance.now() < end) {
    const { ActiveState, NRestarts } = await show(unit);
    if (ActiveState !== 'active' || NRestarts !== before) throw await notSteady(unit);
    await delay(LOOK_EVERY);
  }
}

async function notSteady(unit: string): Promise<HedgerowError> {
  const log = await exec('journalctl', ['-u', unit, '-n', '8', '-o', 'cat', '--no-pager']).catch(() => '');
  const message = `${unit} is installed and does not keep running; it is started again every 2 s. It says:\n${log.trim()}`;
  return new HedgerowError(ERRORS.INSTALL_FAILED, message);
}

async function show(unit: string): Promise<Record<string, string>> {
  const lines = (await systemctl('show', unit, '-p', 'ActiveState,NRestarts')).trim().split('\n');
  return Object.fromEntries(lines.map(line => line.split('=', 2) as [string, string]));
}
