import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { startCurrentManager } from '../enrollment/current-manager.ts';
import { type AgentHost, createAgentHost, type RunningAgent } from './agent-in-process.ts';
import { CONNECTIONS, SILENT_PEER } from './waits/connections.ts';
import { JOINING } from './waits/joining.ts';
import { SERVING } from './waits/serving.ts';
import { NOW, type Wait } from './waits/wait.ts';

const LIMIT_MS = 2_000;
const STEP_MS = 100;
/** How long what is real may take in each step. */
const BREATH_MS = 10;

/** A new wait of the agent becomes an entry of one of these tables. */
const WAITS: readonly Wait[] = [...JOINING, ...SERVING, ...CONNECTIONS, SILENT_PEER];

/**
 * Tells the agent to stop; its exit code. Two seconds of its clock pass where others are waited for, and none elsewhere: an
 * agent that waits for more never ends, on however fast a machine.
 */
async function codeOfStopping(
  { clock }: AgentHost,
  agent: RunningAgent,
  timePasses: boolean,
): Promise<number> {
  let ended = false;
  const ending = agent.stop().finally(() => (ended = true));
  // Its own work ends without any time.
  if (timePasses) await agent.settles(() => ended || agent.said().includes('"Stopping"'));
  for (let passedMs = 0; timePasses && !ended && passedMs < LIMIT_MS; passedMs += STEP_MS) {
    await pause(BREATH_MS);
    if (!ended) await clock.advance(STEP_MS);
  }
  return ending;
}

describe('an agent that is told to stop ends within two seconds, wherever it waits', () => {
  it.each(WAITS)('$where', async (wait) => {
    await using stack = new AsyncDisposableStack();
    const manager = stack.use(await startCurrentManager(NOW));
    const folder = stack.use(await temporaryFolder());
    const caFile = join(folder.path, 'ca.pem');
    await writeFile(caFile, manager.authority.root.certificatePem);
    const enrollment = (await wait.enrollment?.()) ?? [`manager_url: ${manager.url}`, `ca_file: ${caFile}`];
    const asked: string[] = [];
    const doors = wait.doors?.(asked) ?? {};
    const host = stack.use(await createAgentHost({ nowMs: wait.nowMs ?? NOW, enrollment, doors }));
    const setting = { host, manager, caFile, asked, stack };
    await wait.arrange?.(setting);
    const agent = host.start();
    await wait.reached({ ...setting, agent });
    // Where nobody else is waited for, the clock stands still: whoever only waits for time would never end.
    expect(await codeOfStopping(host, agent, wait.forOthers ?? false)).toBe(wait.exitCode);
  });
});
