import { askHost } from '../hosts/ask-host.ts';
import type { LabHost } from '../hosts/host.ts';

const SERVICE = 'linux-patch-api';
const LOG = '/var/log/linux_patch_api/agent.log';

/** What OpenRC says of the service. */
export type OpenrcState = 'started' | 'stopped' | 'crashed' | 'unknown';

/** Exit codes of `rc-service SERVICE status`. */
const STATES: Readonly<Record<number, OpenrcState>> = { 0: 'started', 3: 'stopped', 32: 'crashed' };

export async function openrcState(host: LabHost): Promise<OpenrcState> {
  const { exitCode } = await host.run('rc-service', [SERVICE, 'status']);
  return STATES[exitCode ?? -1] ?? 'unknown';
}

export async function untilOpenrcState(host: LabHost, wanted: OpenrcState): Promise<void> {
  let last = '';
  try {
    await askHost(`OpenRC to say ${wanted}`, async () => {
      last = await openrcState(host);
      return last === wanted ? true : undefined;
    });
  } catch (error) {
    throw new Error(`${String(error)}; last: ${last}\n${await agentLog(host)}`, { cause: error });
  }
}

/** Process id of the agent below OpenRC's supervisor; undefined while there is none. */
export async function agentPid(host: LabHost): Promise<number | undefined> {
  const script = `pgrep -P "$(pgrep -P "$(cat /run/${SERVICE}.pid)" -f run-supervised)" -f ${SERVICE}`;
  const { stdout } = await host.run('sh', ['-c', script]);
  const pid = Number(stdout.split('\n')[0]);
  return pid > 1 ? pid : undefined;
}

/** What the agent logged, the last lines. */
export async function agentLog(host: LabHost): Promise<string> {
  return (await host.run('tail', ['-n', '40', LOG])).stdout;
}

/** Waits until the agent logged something that fits, `times` times in all. */
export async function untilAgentLogged(host: LabHost, pattern: RegExp, times = 1): Promise<void> {
  const all = new RegExp(pattern, `${pattern.flags}g`);
  try {
    await askHost(`the agent's log to have ${pattern}`, async () => {
      const text = (await host.run('cat', [LOG])).stdout;
      return (text.match(all) ?? []).length >= times ? true : undefined;
    });
  } catch (error) {
    throw new Error(`${String(error)}\n${await agentLog(host)}`, { cause: error });
  }
}
