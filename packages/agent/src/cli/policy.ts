import { resolve } from 'node:path';
import { printableLine } from '@linux-patch/runtime';
import {
  checkPolicyFile,
  describePolicy,
  isFaulty,
  type PolicyReading,
  readPolicy,
  readTimeZone,
} from '@linux-patch/worker';
import type { AgentContext, AgentDoors } from '../app/agent-context.ts';
import { EXAMINED_EXIT } from './exit-codes.ts';

function exitCodeOf(reading: PolicyReading): number {
  return isFaulty(reading) ? EXAMINED_EXIT.needsPerson : EXAMINED_EXIT.well;
}

function print({ stdout }: AgentDoors['program'], lines: readonly string[]): void {
  stdout(`${lines.map(printableLine).join('\n')}\n`);
}

/** `policy check FILE`: all faults of a file that is to become the policy; returns the exit code. */
export async function checkPolicy(file: string, doors: AgentDoors): Promise<number> {
  const reading = await checkPolicyFile({ files: doors.files, path: resolve(file) });
  print(doors.program, isFaulty(reading) ? reading.faults : [`${file} has no faults.`]);
  return exitCodeOf(reading);
}

/** `policy show`: what is in force, in plain words; returns the exit code. */
export async function showPolicy(
  context: Pick<AgentContext, 'host' | 'settings' | 'time' | 'program'>,
): Promise<number> {
  const { files, root } = context.host;
  const { clock, clockWatch } = context.time;
  const reading = await readPolicy({ files, path: context.settings.paths.policyFile });
  const { state, message } = clockWatch.verdict;
  const moment = {
    epochMs: clock.now(),
    hostZone: await readTimeZone(files, root).catch(() => undefined),
    clockFault: state === 'ok' ? undefined : message,
  };
  print(context.program, describePolicy(reading, moment));
  return exitCodeOf(reading);
}
