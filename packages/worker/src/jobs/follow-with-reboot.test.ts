import { nodeCommands } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger } from '@linux-patch/runtime/testing';
import { describe, expect, it, vi } from 'vitest';
import { applyAll, jobWorld } from '../../test/job-world.ts';
import { withReboot } from './follow-with-reboot.ts';
import { createReboot, type Reboot, rebootCommands } from './reboot.ts';

describe('the reboot after patches', () => {
  it('happens when it is allowed and the host needs it, and the job says so before', async () => {
    const delays: number[] = [];
    const reboot: Reboot = async ({ delaySeconds }) => void delays.push(delaySeconds);
    const { finish } = await jobWorld({}, reboot);
    await finish(applyAll());
    expect(delays).toEqual([]);
    const now = await finish(applyAll({ reboot: true }));
    expect(now.message).toBe('toylib 1.1 upgraded; the host reboots now (linux-image)');
    await vi.waitUntil(() => delays.length === 1, { interval: 5, timeout: 200_000 });
    const later = await finish(applyAll({ reboot: true, rebootDelaySeconds: 300 }));
    expect(later.message).toMatch(
      /; the host reboots in 5 min \(linux-image\); "shutdown -c" on it cancels that$/,
    );
    expect(later.reboot).toEqual({
      due_at: new Date(Date.parse(later.completed_at ?? '') + 300_000).toISOString(),
      delay_seconds: 300,
      reasons: ['linux-image'],
    });
    expect(delays).toEqual([0, 300]);
    const calm = await jobWorld({ rebootRequired: async () => ({ required: false, reasons: [] }) }, reboot);
    const without = await calm.finish(applyAll({ reboot: true }));
    expect([without.reboot, without.message]).toEqual([null, expect.stringContaining('no reboot')]);
    expect(delays).toHaveLength(2);
  });

  it('is said also when nothing had to be installed', async () => {
    const { finish } = await jobWorld(
      { applyPatches: async () => ({ results: [], exitCode: 0 }) },
      async () => {},
    );
    const job = await finish(applyAll({ reboot: true, rebootDelaySeconds: 60 }));
    expect(job.message).toMatch(/^Nothing to do.*; the host reboots in 1 min/);
  });

  it('leaves the job completed when no program of the host reboots it, and says so everywhere', async () => {
    const commands = nodeCommands({ PATH: '/nonexistent' });
    const logger = memoryLogger();
    const events: [string, unknown][] = [];
    const audit = {
      record: (event: string, details?: object) => void events.push([event, details]),
      flush: async () => {},
    };
    const { finish } = await jobWorld({}, createReboot({ commands, logger, audit }));
    const job = await finish(applyAll({ reboot: true }));
    const { job_id: id } = job;
    expect(job.status).toBe('completed');
    expect(job.logs.join('\n')).toContain('The reboot could not be started');
    expect(events).toEqual([
      ['reboot_scheduled', { job: id, delay_seconds: 0, reasons: ['linux-image'] }],
      ['reboot_failed', { job: id, reason: expect.stringContaining('could not be started') }],
    ]);
    expect(logger.records.map((one) => one.message)).toEqual([
      'Rebooting this host',
      'The reboot could not be started',
    ]);
    const delayed = await finish(applyAll({ reboot: true, rebootDelaySeconds: 60 }));
    expect([delayed.status, delayed.reboot]).toEqual(['completed', null]);
    expect(delayed.message).toContain('The reboot could not be started');
  });

  it('fails a job that is for nothing else when it cannot be planned', async () => {
    const commands = nodeCommands({ PATH: '/nonexistent' });
    const audit = { record: () => {}, flush: async () => {} };
    const reboot = createReboot({ commands, logger: memoryLogger(), audit });
    const execute = withReboot(
      async () => ({ message: 'A reboot was asked for', reboot: { required: true, reasons: [] } }),
      { clock: new ManualClock(), reboot },
    );
    const context = { jobId: 'job', signal: new AbortController().signal, report: {} as never };
    await expect(execute({ operation: 'reboot', rebootDelaySeconds: 60 }, context)).rejects.toMatchObject({
      code: 'REBOOT_ERROR',
    });
  });

  it('tells everybody who is logged in why, in whole minutes, rounded up, on one line', () => {
    const plan = { jobId: '1', delaySeconds: 90, reasons: ['kernel 6.1\n\u001b[2J', 'libc6'] };
    expect(rebootCommands(plan)).toEqual([
      {
        program: 'shutdown',
        args: [
          '-r',
          '+2',
          'Linux Patch (job 1) reboots this host: kernel 6.1\\u000a\\u001b[2J; libc6. To cancel: shutdown -c',
        ],
      },
    ]);
    expect(rebootCommands({ ...plan, delaySeconds: 0 }).map((one) => one.program)).toEqual([
      'shutdown',
      'systemctl',
      'reboot',
    ]);
  });
});
