import assert from 'node:assert/strict';
import { askHost } from '../hosts/ask-host.ts';
import type { LabHost } from '../hosts/host.ts';

const UNIT = 'linux-patch-api.service';

/** What systemd knows of the agent's unit. */
export interface UnitState {
  readonly active: string;
  readonly sub: string;
  readonly result: string;
  readonly statusText: string;
  readonly mainPid: number;
  readonly restarts: number;
  readonly exitStatus: number;
  readonly enabled: string;
}

export async function unitState(host: LabHost, unit = UNIT): Promise<UnitState> {
  const names = 'ActiveState,SubState,Result,StatusText,MainPID,NRestarts,ExecMainStatus,UnitFileState';
  const text = await host.must('systemctl', ['show', unit, `--property=${names}`]);
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1] ?? '';
  return {
    active: value('ActiveState'),
    sub: value('SubState'),
    result: value('Result'),
    statusText: value('StatusText'),
    mainPid: Number(value('MainPID')),
    restarts: Number(value('NRestarts')),
    exitStatus: Number(value('ExecMainStatus')),
    enabled: value('UnitFileState'),
  };
}

/** Waits until the unit's status line fits; one that is not READY is `activating`. */
export async function untilStatus(
  host: LabHost,
  pattern: RegExp,
  wanted: 'active' | 'activating' = 'active',
): Promise<UnitState> {
  let last = '';
  try {
    return await askHost(`the status of ${host.name} to say ${pattern}`, async () => {
      const state = await unitState(host);
      last = `${state.active}/${state.sub}: ${state.statusText}`;
      return pattern.test(state.statusText) && state.active === wanted ? state : undefined;
    });
  } catch (error) {
    const log = await host.run('journalctl', ['-u', UNIT, '-n', '20', '--no-pager']);
    throw new Error(`${String(error)}; last: ${last}\n${log.stdout}`, { cause: error });
  }
}

/** Waits until the unit is in one of these states. */
export async function untilActive(host: LabHost, states: readonly string[], unit = UNIT): Promise<UnitState> {
  return askHost(`${unit} of ${host.name} to be ${states.join(' or ')}`, async () => {
    const state = await unitState(host, unit);
    return states.includes(state.active) ? state : undefined;
  });
}

/** Waits until the agent's journal has a line that fits; resolves to the whole journal of the unit. */
export async function untilLogged(host: LabHost, pattern: RegExp): Promise<string> {
  let text = '';
  try {
    return await askHost(`the log of ${host.name} to have ${pattern}`, async () => {
      text = await host.must('journalctl', ['-u', UNIT, '--no-pager']);
      return pattern.test(text) ? text : undefined;
    });
  } catch (error) {
    throw new Error(`${String(error)}\n${text.split('\n').slice(-15).join('\n')}`, { cause: error });
  }
}

/** One process from install to service: systemd never had to start it again. */
export function assertNeverRestarted(before: UnitState, after: UnitState): void {
  assert.equal(after.mainPid, before.mainPid, 'the agent is another process now');
  assert.equal(after.restarts, 0, 'systemd restarted the agent');
}

/** Ports on which something listens. */
export async function listeners(host: LabHost): Promise<string> {
  return host.must('ss', ['-Hltn']);
}
