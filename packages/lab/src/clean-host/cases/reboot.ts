import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { askHost } from '../../hosts/ask-host.ts';
import type { LabHost } from '../../hosts/host.ts';
import type { ManagerProcess } from '../../manager-process.ts';
import type { CleanHostCase } from '../case.ts';
import { installPackage } from '../install.ts';
import { untilStatus } from '../unit.ts';
import { approveByCode } from '../world.ts';

/** Logs root in on a terminal of the host. Returns what reads its screen; it is on the disk, so it outlives the host. */
async function logIn(host: LabHost): Promise<() => Promise<string>> {
  const screen = '/root/screen.log';
  // Input that never ends, or the shell would.
  const session = `tail -f /dev/null | script --quiet --flush --command 'login -f root' ${screen}`;
  await host.must('systemd-run', [
    '--quiet',
    '--unit=session',
    '--property=SendSIGHUP=yes',
    'sh',
    '-c',
    session,
  ]);
  await askHost('root to be logged in', async () => (await host.must('who')).includes('root') || undefined);
  return () => host.must('cat', [screen]);
}

type Details = Readonly<Record<string, unknown>>;

interface AuditEntry {
  readonly event: string;
  readonly details: Details;
}

/** What the host's own record has of an event. */
async function auditedOnHost(host: LabHost, event: string): Promise<Details[]> {
  const lines = (await host.must('cat', ['/var/log/linux_patch_api/audit.log'])).split('\n').filter(Boolean);
  const entries = lines.map((line) => JSON.parse(line) as AuditEntry);
  return entries.filter((entry) => entry.event === event).map((entry) => entry.details);
}

/** The same, once the agent has written it: it hears of what happens after the host does. */
function untilAudited(host: LabHost, event: string): Promise<Details[]> {
  return askHost(`${event} to be on record`, async () => {
    const found = await auditedOnHost(host, event);
    return found.length > 0 ? found : undefined;
  });
}

/** What the manager's record has of an event. */
function auditedAtManager(manager: ManagerProcess, event: string): Details[] {
  const path = join(manager.root, 'var/lib/linux_patch_manager/manager.sqlite');
  using database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare('select fields from audit where event = ?').all(event);
  return rows.map((row) => JSON.parse(String(row['fields'])) as Details);
}

/** A line of `/run/systemd/shutdown/scheduled` (the file of logind that shutdown(8) reads). */
function scheduledField(text: string, name: string): string | undefined {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1];
}

/** Waits until systemd has planned a shutdown; resolves to its plan. */
function untilScheduled(host: LabHost): Promise<string> {
  return askHost('a shutdown to be scheduled', async () => {
    const { stdout } = await host.run('cat', ['/run/systemd/shutdown/scheduled']);
    return stdout.includes('MODE=') ? stdout : undefined;
  });
}

/** Starts the command that patches; `ended` is its exit code. */
function patchWithReboot(manager: ManagerProcess, host: LabHost) {
  const said: string[] = [];
  const args = ['patch', host.name, '--all', '--wait', '--reboot', '--reboot-delay', '1m'];
  return { said, ended: manager.show((line) => said.push(line), ...args) };
}

export const REBOOT: readonly CleanHostCase[] = [
  {
    name: 'a reboot with nothing to install: said before, announced, on record, waited for, and the host serves again',
    flavours: ['debian12'],
    // Five minutes after the reboot was due the command itself says that there was none.
    limitMs: 8 * 60_000,
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await approveByCode(host, manager);
      await untilStatus(host, /^Serving on/);
      await host.must('touch', ['/run/reboot-required']);
      const screen = await logIn(host);
      const askedMs = Date.now();
      const { said, ended } = patchWithReboot(manager, host);
      const plan = await untilScheduled(host);
      const back = host.nextBoot();
      back.catch(() => {});
      const announced = /\(\/run\/reboot-required exists\).*reboots 1 min after the job.*shutdown -c/;
      assert.match(said[0] ?? '', announced);
      assert.equal(scheduledField(plan, 'MODE'), 'reboot');
      const dueMs = Number(scheduledField(plan, 'USEC')) / 1000;
      assert.ok(dueMs - askedMs >= 60_000, `due ${dueMs - askedMs} ms after it was asked for`);
      await askHost(
        'the announcement on the screen',
        async () =>
          /Linux Patch \(job \S+\) reboots this host: \/run\/reboot-required exists/.test(await screen()) ||
          undefined,
      );
      const recorded = await untilAudited(host, 'reboot_scheduled');
      assert.deepEqual(
        recorded.map(({ delay_seconds, reasons }) => [delay_seconds, reasons]),
        [[60, ['/run/reboot-required exists']]],
      );
      const [asked] = auditedAtManager(manager, 'patches_applied');
      assert.deepEqual(
        [asked?.['request'], asked?.['job']],
        [{ all: true, allow_reboot: true, reboot_delay_seconds: 60 }, recorded[0]?.['job']],
      );
      await back;
      assert.equal(await ended, 0, said.join('\n'));
      assert.ok(
        said.some((line) => line.includes(`${host.name} is back`)),
        said.join('\n'),
      );
      await untilStatus(host, /^Serving on/);
      await manager.json('packages', host.name);
    },
  },
  {
    name: 'a reboot that somebody asks for: planned and cancelled, denied by the policy, done at once, and the host serves again',
    flavours: ['debian13'],
    limitMs: 8 * 60_000,
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await approveByCode(host, manager);
      await untilStatus(host, /^Serving on/);
      const run = async (...args: string[]) => {
        const said: string[] = [];
        const code = await manager.show((line) => said.push(line), ...args);
        return { code, text: said.join('\n') };
      };
      const isPlanned = async () =>
        (await host.run('test', ['-e', '/run/systemd/shutdown/scheduled'])).exitCode === 0;
      const planned = await run('reboot', host.name, '--delay', '20m', '--reason', 'new memory');
      assert.equal(planned.code, 0, planned.text);
      assert.equal(scheduledField(await untilScheduled(host), 'MODE'), 'reboot');
      const cancelled = await run('cancel-reboot', host.name, '--wait');
      assert.equal(cancelled.code, 0, cancelled.text);
      assert.match(cancelled.text, /The reboot was cancelled/);
      assert.equal(await isPlanned(), false);
      assert.match((await run('cancel-reboot', host.name, '--wait')).text, /No reboot was to come/);
      assert.equal((await untilAudited(host, 'reboot_cancelled')).length, 1);
      const policy = '/etc/linux_patch_api/policy.yaml';
      await host.must('sh', ['-c', `echo 'allowed_operations: [update]' > ${policy}`]);
      const denied = await run('reboot', host.name, '--delay', '0', '--wait');
      assert.equal(denied.code, 1, denied.text);
      assert.match(denied.text, /reboot may not be asked for from outside, only update/);
      await host.must('rm', [policy]);
      const back = host.nextBoot();
      back.catch(() => {});
      const done = run('reboot', host.name, '--delay', '0', '--wait');
      await back;
      const { code, text } = await done;
      assert.equal(code, 0, text);
      assert.ok(text.includes(`${host.name} is back`), text);
      await untilStatus(host, /^Serving on/);
    },
  },
];
