import { type FleetJobResult, type Job, MANAGER_ADMIN_ROUTES, PatchError } from '@linux-patch/contract';
import { ManualClock } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import type { CommandContext } from '../src/cli/command-context.ts';
import { workOfJob } from '../src/cli/several-hosts.ts';
import { agentJob } from './agent-job.ts';

const REBOOT = { due_at: '2026-11-28T09:00:00.000Z', delay_seconds: 0, reasons: ['a new kernel'] };
const UPGRADED = {
  name: 'a',
  action: 'upgraded',
  version_before: '1',
  version_after: '2',
} as Job['results'][number];
const DONE = agentJob({ status: 'completed', reboot: REBOOT, results: [UPGRADED] });
const CHANGED: FleetJobResult['changed'] = { upgraded: 1 };

/** A manager whose host has done its job, and says of its boot what this gives; the clock goes on by itself. */
function contextWith(boot: (asked: number) => string | undefined, signal = new AbortController().signal) {
  const clock = new ManualClock(0);
  let asked = 0;
  const call = async (route: unknown): Promise<unknown> => {
    if (route === MANAGER_ADMIN_ROUTES.hostJob) return DONE;
    asked += 1;
    const boot_id = boot(asked);
    if (boot_id === undefined) throw new PatchError('AGENT_UNREACHABLE', 'nobody answers');
    return { boot_id, pending_reboot: true, reboot_reasons: [] };
  };
  const sleep = async (ms: number): Promise<void> => clock.advance(ms);
  const passing = { now: () => clock.now(), monotonicMs: () => clock.monotonicMs(), sleep };
  return { api: { call }, clock: passing, signal, stderr: () => {} } as unknown as CommandContext;
}

const start = async () => ({ job_id: DONE.job_id }) as never;
const patch = (context: CommandContext) => workOfJob(context, start, { wait: true, reboot: true })('web1');

describe('a host of several that is to reboot after its job', () => {
  it('is done when it answers from another boot', async () => {
    const result = await patch(contextWith((asked) => (asked < 4 ? 'first' : 'second')));
    expect(result).toMatchObject({ result: 'done', message: 'is back', changed: CHANGED });
  });

  it('has failed when it does not come back, and what the job did stays told', async () => {
    const result = await patch(contextWith((asked) => (asked === 1 ? 'first' : undefined)));
    expect(result).toMatchObject({
      result: 'failed',
      error_code: 'AGENT_UNREACHABLE',
      message: expect.stringContaining('web1 is not back 30 min after its reboot was due'),
      changed: CHANGED,
      reboot: REBOOT,
    });
  });

  it('has failed when it goes on in the same boot', async () => {
    const result = await patch(contextWith(() => 'first'));
    expect(result).toMatchObject({ result: 'failed', changed: CHANGED, reboot: REBOOT });
    expect(result.message).toContain('somebody cancelled it');
  });

  it('is not waited for where nobody knows in which boot it was', async () => {
    const result = await patch(contextWith(() => undefined));
    expect(result).toMatchObject({ result: 'done', changed: CHANGED, reboot: REBOOT });
    expect(result.message).toContain('is not waited for');
  });
});
