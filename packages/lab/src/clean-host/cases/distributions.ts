import assert from 'node:assert/strict';
import type { FleetJobs, Host, Job, JobAccepted, JobList, Plan } from '@linux-patch/contract';
import { askHost } from '../../hosts/ask-host.ts';
import type { LabHost } from '../../hosts/host.ts';
import type { ManagerProcess } from '../../manager-process.ts';
import { untilServing } from '../agent-jobs.ts';
import type { CleanHostCase } from '../case.ts';
import { type Distribution, distributionOf } from '../distributions.ts';
import { installPackage } from '../install.ts';
import { approveByCode } from '../world.ts';
import { refusal } from './services.ts';

interface Visit {
  readonly manager: ManagerProcess;
  readonly host: LabHost;
  readonly of: Distribution;
}

interface Waiting {
  readonly patches: readonly {
    readonly name: string;
    readonly security: boolean;
    readonly security_known: boolean;
    readonly severity: string;
    readonly advisories: readonly string[];
    readonly cve_ids: readonly string[];
    readonly held: boolean;
  }[];
}

/** Updates that wait for the end of the case, and of the agent itself. */
const LATER = (of: Distribution) =>
  ['toyslow', of.core, 'linux-patch-*'].flatMap((one) => ['--exclude', one]);

/** The manager follows it and is asked for that: a host answers a client only so often. */
async function untilEnded({ manager, host }: Pick<Visit, 'manager' | 'host'>, id: string): Promise<Job> {
  await askHost(`job ${id} to end`, async () => {
    const { jobs } = (await manager.ask(`/jobs?job=${id}`)) as FleetJobs;
    return jobs[0]?.state === 'ended' || undefined;
  });
  return (await manager.json('jobs', host.name, id)) as Job;
}

/** A job that must come to a good end; what its programs printed is in the failure. */
async function done({ manager, host }: Visit, command: string, ...args: string[]): Promise<Job> {
  const { job_id: id } = (await manager.json(command, host.name, ...args)) as JobAccepted;
  const job = await untilEnded({ manager, host }, id);
  assert.equal(job.status, 'completed', `${command} ${args.join(' ')}: ${job.message}\n${job.output}`);
  return job;
}

/** What waits, and what of it mends a fault; a plan of it; what cannot be done is refused, and nothing changes. */
async function looksAndPlans({ manager, host, of }: Visit): Promise<void> {
  // It refreshes the package lists first.
  const plan = (await manager.json('patch', host.name, '--all', '--dry-run', ...LATER(of))) as Plan;
  assert.deepEqual(
    plan.steps.filter(({ name }) => name.startsWith('toy')).map((one) => [one.action, one.name, one.to]),
    [
      ['upgrade', 'toyapp', '1.2-1'],
      ['upgrade', 'toyheld', of.next],
      ['upgrade', 'toyhello', of.next],
      ['upgrade', 'toylib', of.secure],
    ],
  );

  const { patches } = (await manager.json('patches', host.name)) as Waiting;
  const toys = patches.filter(({ name }) => OFFERED.includes(name));
  assert.deepEqual(
    toys.map((one) => [one.name, one.security, one.security_known]),
    OFFERED.map((name) => [name, of.knowsSecurity && name === 'toylib', of.knowsSecurity]),
  );
  const mending = toys.find(({ name }) => name === 'toylib');
  if (of.saysSeverity)
    assert.deepEqual(
      [mending?.severity, mending?.advisories, mending?.cve_ids],
      ['high', ['LABSA-2026:0001'], ['CVE-2026-0001', 'CVE-2026-0002']],
    );

  assert.match(await refusal(manager, 'install', host.name, 'toymeta', '--wait'), /DEPENDENCY_CONFLICT/);
  assert.match(await refusal(manager, 'remove', host.name, 'toylib', '--wait'), /toyapp/);
  assert.deepEqual(await of.versions(host, OFFERED), [
    'toyapp 1.0-1',
    'toyheld 1.0-1',
    'toyhello 1.0-1',
    'toylib 1.0-1',
  ]);
}
const OFFERED = ['toyapp', 'toyheld', 'toyhello', 'toylib'];

/** Security first, then all but what is held and left out; and back again. */
async function patchesAndRollsBack(visit: Visit): Promise<void> {
  const { manager, host, of } = visit;
  if (of.holds) {
    assert.deepEqual((await done(visit, 'hold', 'toyheld')).results[0]?.action, 'held');
    const mended = await done(visit, 'patch', '--security', '--exclude', of.core);
    assert.deepEqual(
      mended.results.map((one) => [one.name, one.action, one.security]),
      [['toylib', 'upgraded', true]],
    );
  } else {
    const sentence = /pacman.*Nothing was changed/;
    assert.match(await refusal(manager, 'hold', host.name, 'toyheld', '--wait'), sentence);
    assert.match(await refusal(manager, 'patch', host.name, '--security', '--wait'), sentence);
  }
  const rest = await done(visit, 'patch', '--all', '--exclude', 'toyhel?o', ...LATER(of));
  const stays = of.holds ? ['toyheld 1.0-1'] : [`toyheld ${of.next}`];
  assert.deepEqual(await of.versions(host, OFFERED), [
    'toyapp 1.2-1',
    ...stays,
    'toyhello 1.0-1',
    `toylib ${of.secure}`,
  ]);
  await done(visit, 'rollback', rest.job_id);
  assert.ok((await of.versions(host, ['toyapp'])).includes('toyapp 1.0-1'));
}

/** A script that fails, with its own words, and a job after it that is not in its way. */
async function survivesScripts(visit: Visit): Promise<void> {
  const { manager, host } = visit;
  const said = await refusal(manager, 'install', host.name, 'toybroken', '--wait');
  assert.match(said, /SCRIPT_FAILED/);
  assert.match(said, /this script fails on purpose/);
  await done(visit, 'remove', 'toybroken');
}

/** The administrator of the host is at work: who holds the database is named, and the job comes after them. */
async function waitsForOthers(visit: Visit): Promise<void> {
  const { manager, host, of } = visit;
  const typed = host.run(of.typed[0] ?? '', of.typed.slice(1));
  await untilUnpacked(visit);
  const { job_id: id } = (await manager.json('install', host.name, 'toyconf')) as JobAccepted;
  const said = await askHost('the job to name who holds the database', async () => {
    const { stdout } = await host.run('linux-patch-api', ['job', id, '--json']);
    const job = JSON.parse(stdout) as Job;
    assert.ok(['queued', 'running'].includes(job.status), JSON.stringify(job));
    return WAITS.test(job.message) ? job.message : undefined;
  });
  assert.match(said, of.program);
  await of.letGo(host);
  const { exitCode, stdout, stderr } = await typed;
  assert.equal(exitCode, 0, stdout + stderr);
  assert.equal((await untilEnded(visit, id)).status, 'completed');
}

const WAITS = /\(process \d+\)/;

async function untilUnpacked({ host, of }: Visit): Promise<void> {
  await askHost('toyslow to be unpacked', async () => {
    const { stdout } = await host.run('cat', ['/usr/share/toyslow/version']);
    const wanted = of.program.test('apt-get') ? '1.0' : '1.1';
    return stdout.includes(wanted) || undefined;
  });
}

/** All that works on a job is killed in the middle: it is said, and the next job finds the database in order. */
async function survivesKills(visit: Visit): Promise<void> {
  const { manager, host, of } = visit;
  await of.rewind(host);
  const wish = of.program.test('apt-get')
    ? ['install', host.name, 'toyslow']
    : ['patch', host.name, '--all', '--exclude', 'toyhe*', '--exclude', of.core];
  const [command = '', ...args] = wish;
  const { job_id: id } = (await manager.json(command, ...args)) as JobAccepted;
  await untilUnpacked(visit);
  await host.must('systemctl', ['kill', '-s', 'KILL', '--kill-whom=all', `linux-patch-job-${id}*.service`]);
  const killed = await untilEnded(visit, id);
  assert.deepEqual(
    [killed.status, killed.error_code],
    ['failed', 'INTERRUPTED'],
    `${killed.message}\n${killed.output}`,
  );
  await of.letGo(host);
  const next = await done(visit, 'remove', 'toyconf');
  assert.equal(next.status, 'completed');
  assert.deepEqual(await of.versions(host, ['toyconf']), []);
}

const FILL = 'dd if=/dev/zero of=/fill bs=1M 2>/dev/null; dd if=/dev/zero of=/fill2 bs=1k 2>/dev/null; :';

/** No room: it is said, nothing is half done, and with room it goes on. */
async function survivesFullDisks(visit: Visit): Promise<void> {
  const { manager, host, of } = visit;
  await host.must('sh', ['-c', FILL]);
  const said = await refusal(manager, 'install', host.name, 'toyconf', '--wait');
  await host.must('rm', ['-f', '/fill', '/fill2']);
  assert.match(said, /DISK_FULL|STORAGE_FULL|no space/i);
  await done(visit, 'install', 'toyconf');
  assert.deepEqual((await of.versions(host, ['toyconf'])).length, 1);
}

/** Root of the host does without the manager, which hears of it. */
async function obeysRoot({ manager, host, of }: Visit): Promise<void> {
  await host.must('linux-patch-api', ['remove', 'toyconf', '--yes']);
  assert.deepEqual(await of.versions(host, ['toyconf']), []);
  await host.must('linux-patch-api', ['install', 'toyconf', '--yes']);
  assert.deepEqual((await of.versions(host, ['toyconf'])).length, 1);
  const seen = (await manager.json('jobs', host.name)) as JobList;
  assert.deepEqual(
    seen.jobs.slice(0, 2).map((one) => [one.operation, one.status, one.by_root]),
    [
      ['install', 'completed', true],
      ['remove', 'completed', true],
    ],
  );
}

/** Something that runs from the start to the end of a host is replaced. */
async function needsReboot(visit: Visit): Promise<void> {
  const { manager, host, of } = visit;
  const others = [...OFFERED, 'toyslow', 'linux-patch-*'].flatMap((one) => ['--exclude', one]);
  const job = await done(visit, 'patch', '--all', ...others);
  await manager.json('refresh', host.name);
  const { reboot } = (await manager.json('hosts', 'show', host.name)) as Host;
  assert.ok(reboot.needed, `${JSON.stringify(job.results)} ${JSON.stringify(reboot)}`);
  assert.match(reboot.reasons.join('; '), new RegExp(of.core));
}

export const DISTRIBUTIONS: readonly CleanHostCase[] = [
  {
    name: 'through the manager: list, plan, refuse, security first, hold, exclude, roll back, a failing script, a foreign lock, a kill, a full disk, root at work, a reboot that is needed',
    flavours: ['debian12', 'debian13', 'dnf', 'dnf5', 'zypper', 'pacman'],
    async run(world, flavour) {
      const manager = await world.startManager();
      const host = await world.newHost(flavour, { diskSize: '900m' });
      const of = await distributionOf(world.shelf, flavour, host, []);
      await installPackage(host, flavour, { env: { LINUX_PATCH_MANAGER_URL: manager.url } });
      await approveByCode(host, manager);
      await untilServing(host, flavour);
      const visit: Visit = { manager, host, of };
      await looksAndPlans(visit);
      await patchesAndRollsBack(visit);
      await survivesScripts(visit);
      await waitsForOthers(visit);
      await survivesKills(visit);
      await survivesFullDisks(visit);
      await obeysRoot(visit);
      await needsReboot(visit);
    },
  },
];
