import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command, Files } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cancelReboot, rebootWork } from './reboot-work.ts';
import type { RunReport } from './report.ts';

/** A host whose files lie in a folder; `shutdown` ends as is said, and is not run. */
async function world(ended: { readonly exitCode: number; readonly stderr: string }) {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const run: string[][] = [];
  const said: RunReport[] = [];
  const files: Pick<Files, 'facts' | 'readText'> = {
    facts: (path) => systemFiles.facts(join(folder.path, path)),
    readText: (path) => systemFiles.readText(join(folder.path, path)),
  };
  const commands = {
    run: async ({ program, args }: Command) => {
      run.push([program, ...args]);
      return { signal: null, stdout: '', timedOut: false, aborted: false, durationMs: 1, ...ended };
    },
  };
  const host = { root: '/', files: files as Files, commands } as Parameters<typeof cancelReboot>[0];
  return {
    host,
    run,
    said,
    put: async (path: string, text: string): Promise<void> => {
      await mkdir(dirname(join(folder.path, path)), { recursive: true });
      await writeFile(join(folder.path, path), text);
    },
    cancel: () => cancelReboot(host, 'job', (report) => said.push(report)),
  };
}

const DONE = { exitCode: 0, stderr: '' };
const CANCELLED = ['shutdown', '-c', 'Linux Patch (job job) has cancelled the reboot of this host'];

describe('a reboot that is to come', () => {
  it.each(['reboot', 'kexec'])('is cancelled, on record: %s', async (mode) => {
    const { cancel, put, run, said } = await world(DONE);
    await put('run/systemd/system/nothing', '');
    await put('run/systemd/shutdown/scheduled', `USEC=1764\nWARN_WALL=1\nMODE=${mode}\n`);
    expect(await cancel()).toEqual({ message: 'The reboot was cancelled' });
    expect(run).toEqual([CANCELLED]);
    expect(said).toEqual([{ t: 'audit', event: 'reboot_cancelled', details: { job: 'job' } }]);
  });

  it('is told from none, which systemd does not, and from a host that is switched off', async () => {
    const { cancel, put, run, said } = await world(DONE);
    await put('run/systemd/system/nothing', '');
    expect(await cancel()).toEqual({ message: 'No reboot was to come, so none was cancelled' });
    await put('run/systemd/shutdown/scheduled', 'USEC=1764\nMODE=poweroff\n');
    await expect(cancel()).rejects.toMatchObject({
      code: 'REBOOT_ERROR',
      message: expect.stringContaining('what is planned on this host is "poweroff", which is not cancelled'),
    });
    expect([run, said]).toEqual([[], []]);
  });

  it('is cancelled without systemd by what shutdown says', async () => {
    const { cancel, run } = await world(DONE);
    await cancel();
    expect(run).toEqual([CANCELLED]);
    const none = await world({ exitCode: 1, stderr: 'shutdown: Cannot find pid of running shutdown.\n' });
    await expect(none.cancel()).rejects.toMatchObject({
      code: 'REBOOT_ERROR',
      message:
        'The reboot could not be cancelled (shutdown -c: shutdown: Cannot find pid of running shutdown.).',
    });
  });
});

describe('a reboot that somebody asks for', () => {
  const asked = { operation: 'reboot', rebootDelaySeconds: 0, reason: 'new memory' } as const;

  it('comes with its reason, and not when the host was started anew meanwhile', async () => {
    const { host } = await world(DONE);
    expect(await rebootWork(host, asked, async () => false)).toMatchObject({
      reboot: { required: true, reasons: ['new memory'] },
    });
    expect(await rebootWork(host, asked, async () => true)).toEqual({
      message: 'Nothing was done: this host was started anew since the reboot was asked for',
    });
  });

  it('does not touch the host of a private package root', async () => {
    const { host, cancel: _cancel } = await world(DONE);
    const other = { ...host, root: '/srv/root' };
    await expect(rebootWork(other, asked, async () => false)).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
    });
    await expect(cancelReboot(other, 'job', () => {})).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
  });
});
