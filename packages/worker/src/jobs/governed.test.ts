import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobReboot, PolicyDenial } from '@linux-patch/contract';
import { systemFiles as files } from '@linux-patch/runtime/node';
import { ManualClock, temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openHostPolicy } from '../policy/host-policy.ts';
import { rebootDelayMs, withReboot } from './follow-with-reboot.ts';
import { governWork, refuseReboot } from './governed.ts';
import type { Reboot } from './reboot.ts';

async function world() {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const path = join(folder.path, 'policy.yaml');
  const clock = new ManualClock();
  const denied: { readonly rule: string }[] = [];
  const onDenied = ({ rule }: PolicyDenial) => void denied.push({ rule });
  const governed = { policy: openHostPolicy({ files, path, root: folder.path }), clock, onDenied };
  return { clock, denied, governed, allow: (text: string) => writeFile(path, text, { mode: 0o600 }) };
}

const applyAll = {
  operation: 'patch_apply' as const,
  selection: { kind: 'all' as const },
  exclude: [],
  reboot: true,
};

describe('a reboot under the policy of the host', () => {
  it('is judged by the instant it is due, and the job says that it stays away', async () => {
    const { clock, allow, governed, denied } = await world();
    const rebooted: number[] = [];
    const dueAt: string[] = [];
    const reboot: Reboot = async ({ delaySeconds }) => void rebooted.push(delaySeconds);
    const refuse = refuseReboot(governed);
    const follow = async (rebootDelaySeconds: number) => {
      const request = { ...applyAll, rebootDelaySeconds };
      const refusal = await refuse('job', clock.now() + rebootDelayMs(request));
      const need = { required: true, reasons: ['linux-image'], refusal };
      const execute = withReboot(async () => ({ message: 'Done', reboot: need }), { clock, reboot });
      const report = { reboot: (noted: JobReboot) => void dueAt.push(noted.due_at) } as never;
      const { message } = await execute(request, {
        jobId: 'job',
        signal: new AbortController().signal,
        report,
      });
      return message.replace('Done; ', '');
    };
    const clockAt = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
    const [from, to] = [clockAt(clock.now()), clockAt(clock.now() + 3_600_000)];
    await allow(`time_zone: UTC\nwindows: [{ from: "${from}", to: "${to}" }]\n`);
    expect(await follow(300)).toMatch(/^the host reboots in 5 min/);
    expect(await follow(7_200)).toMatch(
      /^no reboot \(linux-image\): the policy of this host forbids it: changes may begin in its windows only/,
    );
    // It comes with the second minute, when the window has closed.
    const soon = clockAt(clock.now() + 120_000);
    await allow(`time_zone: UTC\nwindows: [{ from: "${from}", to: "${soon}" }]\n`);
    expect(await follow(61)).toMatch(/^no reboot \(linux-image\): the policy of this host forbids it/);
    expect(await follow(30)).toMatch(/^the host reboots in 1 min/);
    expect(dueAt.at(-1)).toBe(new Date(clock.now() + 60_000).toISOString());
    expect(await follow(60)).toMatch(/^the host reboots in 1 min/);
    await allow('allowed_operations: [update]');
    expect(await follow(0)).toMatch(/^no reboot .*: reboot may not be asked for from outside, only update/);
    expect([rebooted, denied.map((one) => one.rule)]).toEqual([
      [300, 60, 60],
      ['windows', 'windows', 'allowed_operations'],
    ]);
  });

  it('that somebody asks for is judged by the instant it is due as well, and cancelled at any time', async () => {
    const { clock, allow, governed, denied } = await world();
    const recorded = () => Promise.reject(new Error('nobody asks for a rollback'));
    const done: string[] = [];
    const work = governWork(
      async ({ operation }) => {
        done.push(operation);
        return { message: operation };
      },
      { ...governed, recorded },
      async () => false,
    );
    const context = { jobId: 'job', signal: new AbortController().signal, report: {} as never };
    const reboot = (rebootDelaySeconds: number) => work({ operation: 'reboot', rebootDelaySeconds }, context);
    const cancel = () => work({ operation: 'cancel_reboot' }, context);
    const clockAt = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
    const [from, to] = [clockAt(clock.now() + 3_600_000), clockAt(clock.now() + 7_200_000)];
    await allow(`time_zone: UTC\nwindows: [{ from: "${from}", to: "${to}" }]\n`);
    await expect(reboot(0)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
    await reboot(5_400);
    await cancel();
    expect(done).toEqual(['reboot', 'cancel_reboot']);
    await allow('allowed_operations: [update]');
    await expect(reboot(5_400)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
    await expect(cancel()).rejects.toMatchObject({ code: 'POLICY_DENIED' });
    expect(denied.map((one) => one.rule)).toEqual(['windows', 'allowed_operations', 'allowed_operations']);
  });
});
