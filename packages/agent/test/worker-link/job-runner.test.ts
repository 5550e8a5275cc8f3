import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PatchError, type PolicyDenial } from '@linux-patch/contract';
import { nodeCommands, systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import type { JobReporter, RunReport } from '@linux-patch/worker';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createJobRunner } from '../../src/worker-link/job-runner.ts';
import { nothing } from '../job-requests.ts';

/** Does what `script.json` says at the first start, the second and so on: lines, then how it ends. */
const PROGRAM = `
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
const [folder, ...args] = process.argv.slice(2);
appendFileSync(folder + '/starts', args.join(' ') + '\\n');
const starts = readFileSync(folder + '/starts', 'utf8').trim().split('\\n').length;
const { lines, ending } = JSON.parse(readFileSync(folder + '/script.json', 'utf8'))[starts - 1];
for (const line of lines) process.stdout.write((typeof line === 'string' ? line : JSON.stringify(line)) + '\\n');
const say = (report) => process.stdout.write(JSON.stringify(report) + '\\n');
if (ending === 'dies') process.kill(process.pid, 'SIGKILL');
if (ending === 'waits') {
  setInterval(() => {
    if (!existsSync(folder + '/cancelled')) return;
    say({ t: 'failed', code: 'CANCELLED', message: 'It was cancelled.', details: {} });
    process.exit();
  }, 20);
}
`;

interface Start {
  readonly lines: readonly (RunReport | string)[];
  readonly ending?: 'dies' | 'waits';
}

function world(...script: readonly Start[]) {
  return worldWith(undefined, script);
}

async function worldWith(clockFault: string | undefined, script: readonly Start[]) {
  const temporary = await temporaryFolder();
  onTestFinished(() => temporary[Symbol.asyncDispose]());
  const folder = temporary.path;
  const program = join(folder, 'worker.mjs');
  await writeFile(program, PROGRAM);
  await writeFile(join(folder, 'script.json'), JSON.stringify(script));
  const clock = new ManualClock();
  const logger = memoryLogger();
  const said: unknown[] = [];
  const withdrawn: string[] = [];
  const note =
    (what: string) =>
    (...values: unknown[]) =>
      void said.push([what, ...values]);
  const noted = (what: string) => async (value: unknown) => void said.push([what, value]);
  const runner = createJobRunner({
    doors: {
      files: systemFiles,
      clock,
      logger,
      commands: nodeCommands({}, { 'linux-patch-worker': [process.execPath, program, folder] }),
    },
    root: '/private',
    hostArguments: ['--root', '/private'],
    processes: {
      begin: async () => ({ kind: 'unknown' }),
      isRunning: async () => false,
      forget: async () => {},
    },
    formerWork: join(folder, 'work'),
    attached: { limitMs: 60_000, clockFault: () => clockFault },
    record: {
      cache: {
        noteSources: note('sources'),
        noteRefreshed: async (...about) => void said.push(['refreshed', ...about]),
        noteFailure: noted('not refreshed'),
        noteApplied: noted('applied'),
      },
      onDenied: ({ rule }: PolicyDenial, about) => void said.push(['denied', rule, about]),
      onAudited: ({ event, details }) => void said.push(['audit', event, details]),
    },
    withdraw: async (job) => void withdrawn.push(job),
  });
  const report: JobReporter = {
    log: note('log'),
    output: note('output'),
    phase: note('phase'),
    progress: note('progress'),
    results: note('results'),
    exitCode: note('exit'),
    oldCode: note('old code'),
    reboot: note('reboot'),
  };
  const stop = new AbortController();
  const work = () => runner.work(nothing, { jobId: 'job-1', signal: stop.signal, report });
  const starts = async () =>
    ((await systemFiles.readText(join(folder, 'starts'))) ?? '').split('\n').filter(Boolean);
  return { folder, clock, logger, said, withdrawn, runner, stop, work, starts };
}

const DONE: RunReport = { t: 'done', message: 'Nothing to do' };
const REBOOT = { due_at: '2026-01-01T00:00:00.000Z', delay_seconds: 60, reasons: ['linux'] };
const OLD_CODE = { services: ['cron.service'], others: 1, unknown: 0 };
const DENIAL: PolicyDenial = { rule: 'windows', file: '/p', line: 1, reason: 'not now', packages: [] };

describe('the process of a job', () => {
  it('is told which job it is, and what it says is passed on in its order', async () => {
    const { work, said, starts } = await world({
      lines: [
        { t: 'log', text: 'An interrupted package installation was repaired first' },
        { t: 'phase', state: 'refreshing', message: 'Refreshing the package lists' },
        { t: 'not-refreshed', message: 'no network' },
        { t: 'refreshed', failed: [], healthy: ['shelf:'], sources: [], atMs: 5 },
        { t: 'output', line: 'Setting up', source: 'stdout' },
        { t: 'progress', percent: 50, message: 'half', state: 'running' },
        { t: 'denied', denial: DENIAL, operation: 'reboot' },
        { t: 'exit', code: 0 },
        { t: 'applied', atMs: 7 },
        { t: 'old-code', found: OLD_CODE },
        { t: 'reboot', reboot: REBOOT },
        { t: 'audit', event: 'reboot_scheduled', details: { delay_seconds: 60 } },
        { t: 'done', message: 'toy 2 installed' },
      ],
    });
    expect(await work()).toEqual({ message: 'toy 2 installed' });
    expect(said).toEqual([
      ['log', 'An interrupted package installation was repaired first'],
      ['phase', 'refreshing', 'Refreshing the package lists'],
      ['not refreshed', new Error('no network')],
      ['sources', []],
      ['refreshed', { failed: [], healthy: ['shelf:'] }, 5],
      ['output', 'Setting up', 'stdout'],
      ['progress', 50, 'half', 'running'],
      ['denied', 'windows', { job: 'job-1', operation: 'reboot' }],
      ['exit', 0],
      ['applied', 7],
      ['old code', OLD_CODE],
      ['reboot', REBOOT],
      ['audit', 'reboot_scheduled', { delay_seconds: 60 }],
    ]);
    expect(await starts()).toEqual(['run job-1 --root /private --attached']);
  });

  it('is told why the clock is not believed', async () => {
    const { work, starts } = await worldWith('It stands in 1970; $HOME', [{ lines: [DONE] }]);
    await work();
    const told = (await starts())[0]?.split(' ').at(-1) ?? '';
    expect(Buffer.from(told, 'base64url').toString()).toBe('It stands in 1970; $HOME');
  });

  it('fails a job with the code, the words and the details that it says', async () => {
    const { work } = await world({
      lines: [{ t: 'failed', code: 'DISK_FULL', message: 'No room.', details: { exit_code: 100 } }],
    });
    await expect(work()).rejects.toMatchObject({
      code: 'DISK_FULL',
      message: 'No room.',
      details: { exit_code: 100 },
    });
  });

  it('that dies is started once more, after a moment', async () => {
    const { work, clock, starts, said } = await world(
      { lines: [{ t: 'exit', code: 1 }], ending: 'dies' },
      { lines: [DONE] },
    );
    const working = work();
    await clock.waitForSleepers();
    expect(await starts()).toHaveLength(1);
    await clock.advance(5_000);
    expect(await working).toMatchObject({ message: 'Nothing to do' });
    expect([await starts(), said]).toEqual([[expect.anything(), expect.anything()], [['exit', 1]]]);
  });

  it('that dies twice has its job interrupted, of which nobody knows what it changed', async () => {
    const { work, clock } = await world({ lines: [], ending: 'dies' }, { lines: [], ending: 'dies' });
    const working = work();
    const refused = expect(working).rejects.toMatchObject({
      code: 'INTERRUPTED',
      message: expect.stringContaining('What the job had changed by then is not known'),
    });
    await clock.waitForSleepers();
    await clock.advance(5_000);
    await refused;
  });

  it('says in the log what is no report, in short and in one line', async () => {
    const { work, logger } = await world({
      lines: ['Segmentation fault\u001b[31m', '{"t":"of a later release"}', DONE],
    });
    await work();
    expect(logger.records.map((one) => one.fields['words'])).toEqual([
      'Segmentation fault\\u001b[31m',
      '{"t":"of a later release"}',
    ]);
  });

  it('is followed when its job is cancelled, until it says itself what came of that', async () => {
    const { folder, work, stop, starts } = await world({ lines: [{ t: 'exit', code: 0 }], ending: 'waits' });
    const working = work();
    await expect.poll(starts).toHaveLength(1);
    stop.abort(new PatchError('CANCELLED', 'The job was cancelled while it was running.'));
    // The worker tells it.
    await writeFile(join(folder, 'cancelled'), '');
    await expect(working).rejects.toMatchObject({ code: 'CANCELLED', message: 'It was cancelled.' });
  });

  it('is not started for a job that is cancelled by then', async () => {
    const { work, stop, starts } = await world();
    const reason = new PatchError('CANCELLED', 'The job was cancelled while it was running.');
    stop.abort(reason);
    await expect(work()).rejects.toBe(reason);
    expect(await starts()).toEqual([]);
  });

  it('ends with the agent where it does not outlive it', async () => {
    const { work, stop, starts } = await world({ lines: [], ending: 'waits' });
    const working = work();
    await expect.poll(starts).toHaveLength(1);
    const reason = new PatchError('INTERRUPTED', 'The agent was stopped.');
    stop.abort(reason);
    await expect(working).rejects.toBe(reason);
  });
});
