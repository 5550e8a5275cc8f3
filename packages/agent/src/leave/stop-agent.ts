import type { Clock } from '@linux-patch/runtime';
import { findAgents } from '../doctor/checks/processes.ts';
import type { Host } from '../host/host.ts';

const STOP_LIMIT_MS = 15_000;
const LOOK_EVERY_MS = 100;
const COMMAND_TIMEOUT_MS = 30_000;

async function agentsOf({ files, root }: Host): Promise<number[]> {
  const agents = await findAgents(files);
  return agents.filter((agent) => agent.root === root).map((agent) => agent.pid);
}

/** How the service is stopped and kept from coming back at boot; undefined where no service manager owns it. */
async function serviceCommand({ files, root }: Host): Promise<readonly string[] | undefined> {
  if (root !== '/') return undefined;
  if (await files.facts('/run/systemd/system'))
    return ['systemctl', 'disable', '--now', 'linux-patch-api.service'];
  if (await files.facts('/run/openrc/softlevel')) return ['rc-service', 'linux-patch-api', 'stop'];
  return undefined;
}

async function run(
  { commands }: Host,
  [program = '', ...args]: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await commands.run({ program, args, timeoutMs: COMMAND_TIMEOUT_MS, signal }).catch(() => undefined);
}

/**
 * Ends every agent that works with these folders, so that nobody uses, renews or asks for an identity that is being wiped.
 * @returns the processes that could not be ended
 */
export async function stopAgents(
  host: Host,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<number[]> {
  const service = await serviceCommand(host);
  if (service) await run(host, service, signal);
  for (const pid of await agentsOf(host)) await run(host, ['kill', '-TERM', String(pid)], signal);
  const endMs = clock.monotonicMs() + STOP_LIMIT_MS;
  for (;;) {
    const left = await agentsOf(host);
    if (left.length === 0 || clock.monotonicMs() >= endMs) return left;
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}
