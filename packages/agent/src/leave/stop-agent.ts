import type { Clock, Commands, Files } from '@linux-patch/runtime';
import { findAgents } from '../doctor/checks/processes.ts';

interface StopOptions {
  readonly files: Files;
  readonly commands: Commands;
  readonly clock: Clock;
  readonly root: string;
  readonly signal: AbortSignal;
}

const STOP_LIMIT_MS = 15_000;
const LOOK_EVERY_MS = 100;
const COMMAND_TIMEOUT_MS = 30_000;

async function agentsOf({ files, root }: StopOptions): Promise<number[]> {
  const agents = await findAgents(files);
  return agents.filter((agent) => agent.root === root).map((agent) => agent.pid);
}

/** How the service is stopped and kept from coming back at boot; undefined where no service manager owns it. */
async function serviceCommand({ files, root }: StopOptions): Promise<readonly string[] | undefined> {
  if (root !== '/') return undefined;
  if (await files.facts('/run/systemd/system'))
    return ['systemctl', 'disable', '--now', 'linux-patch-api.service'];
  if (await files.facts('/run/openrc/softlevel')) return ['rc-service', 'linux-patch-api', 'stop'];
  return undefined;
}

async function run(options: StopOptions, [program = '', ...args]: readonly string[]): Promise<void> {
  const { commands, signal } = options;
  await commands.run({ program, args, timeoutMs: COMMAND_TIMEOUT_MS, signal }).catch(() => undefined);
}

/**
 * Ends every agent that works with these folders, so that nobody uses, renews or asks for an identity that is being wiped.
 * @returns the processes that could not be ended
 */
export async function stopAgents(options: StopOptions): Promise<number[]> {
  const service = await serviceCommand(options);
  if (service) await run(options, service);
  const running = await agentsOf(options);
  for (const pid of running) await run(options, ['kill', '-TERM', String(pid)]);
  const endMs = options.clock.monotonicMs() + STOP_LIMIT_MS;
  for (;;) {
    const left = await agentsOf(options);
    if (left.length === 0 || options.clock.monotonicMs() >= endMs) return left;
    await options.clock.sleep(LOOK_EVERY_MS, options.signal);
  }
}
