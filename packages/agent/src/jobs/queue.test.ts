import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, seededRandom, temporaryFolder } from '@linux-patch/runtime/testing';
import {
  type Executor,
  type JobContext,
  JobJournal,
  type JobOutcome,
  type JobRequest,
  nameChange,
} from '@linux-patch/worker';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { install, nothing } from '../../test/job-requests.ts';
import { type JobQueue, openJobQueue } from './queue.ts';

/** Work that a test ends by hand. */
function handWork() {
  const begun: { request: JobRequest; context: JobContext; end: (outcome: JobOutcome) => void }[] = [];
  const execute: Executor = (request, context) => {
    const { promise, resolve, reject } = Promise.withResolvers<JobOutcome>();
    context.signal.addEventListener('abort', () => reject(new Error('apt-get was ended by SIGTERM')));
    begun.push({ request, context, end: resolve });
    return promise;
  };
  return { begun, execute };
}

async function world(
  limits: Partial<Parameters<typeof openJobQueue>[0]['limits']> = {},
  files: Files = systemFiles,
) {
  const folder = await temporaryFolder();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  const clock = new ManualClock();
  const random = seededRandom(1);
  const logger = memoryLogger();
  const open = (execute: Executor): Promise<JobQueue> =>
    openJobQueue({
      journal: new JobJournal({ folder: join(folder.path, 'jobs'), files, logger }),
      clock,
      random,
      logger,
      execute,
      limits: {
        maxConcurrent: 5,
        maxQueueDepth: 3,
        timeoutMinutes: 30,
        retentionDays: 30,
        retentionCount: 1000,
        ...limits,
      },
    });
  return { folder: join(folder.path, 'jobs'), clock, logger, open };
}

/** What a caller named so. */
const nameOf = (idempotencyKey: string, text = 'POST /') =>
  nameChange({ line: text, idempotencyKey, body: new Uint8Array() })!;

const until = (check: () => boolean | undefined) => vi.waitUntil(check, { interval: 5, timeout: 200_000 });
const statusOf = (queue: JobQueue, id: string) => queue.find(id)?.status;

describe('the job queue', () => {
  it('runs one package transaction at a time, and does not let an empty apply wait for it', async () => {
    const { open } = await world();
    const { begun, execute } = handWork();
    await using queue = await open(execute);
    const first = await queue.submit(install('curl'));
    const second = await queue.submit(install('wget'));
    const empty = await queue.submit(nothing);
    await until(() => begun.length === 2);
    expect(begun.map(({ context }) => context.jobId)).toEqual([first.job_id, empty.job_id]);
    expect(statusOf(queue, second.job_id)).toBe('queued');
    begun[0]!.end({ message: 'installed curl' });
    await until(() => begun.length === 3);
    expect(begun[2]!.context.jobId).toBe(second.job_id);
    expect(await queue.get(first.job_id)).toMatchObject({
      status: 'completed',
      progress: 100,
      message: 'installed curl',
    });
  });

  it('admits exactly as many jobs as there is room for, however close they come', async () => {
    const { open } = await world({ maxQueueDepth: 2 });
    await using queue = await open(handWork().execute);
    const answers = await Promise.allSettled([1, 2, 3, 4].map((n) => queue.submit(install(`p${n}`))));
    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(refused).toHaveLength(2);
    expect(refused[0]?.reason).toMatchObject({
      code: 'QUEUE_FULL',
      details: { retry_after_seconds: 60 },
    });
    expect(queue.health()).toContain('full');
  });

  it('refuses a job it could not write down, and runs nothing', async () => {
    const files: Files = {
      ...systemFiles,
      writeDurably: () =>
        Promise.reject(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })),
    };
    const { open } = await world({}, files);
    const { begun, execute } = handWork();
    await using queue = await open(execute);
    await expect(queue.submit(install('curl'))).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
    expect(queue.list()).toEqual([]);
    expect(begun).toEqual([]);
    expect(queue.health()).toContain('ENOSPC');
  });

  it('knows after a restart, too, which key signed the request of a job', async () => {
    const { open } = await world();
    const signedBy = `SHA256:${'A'.repeat(43)}`;
    let ids: string[] = [];
    {
      await using queue = await open(handWork().execute);
      const signed = await queue.submit(install('curl'), { signedBy });
      ids = [signed.job_id, (await queue.submit(install('wget'))).job_id];
    }
    await using queue = await open(handWork().execute);
    const found = await Promise.all(ids.map((id) => queue.get(id)));
    expect(found.map((job) => job.signed_by)).toEqual([signedBy, null]);
  });

  it('is asked twice for the same under one name and has one job, also after a restart and when the queue is full', async () => {
    const { open } = await world({ maxQueueDepth: 1 });
    const named = nameOf('k-1');
    const other = nameOf('k-1', 'of another');
    let id = '';
    {
      await using queue = await open(handWork().execute);
      const [first, second] = await Promise.all([1, 2].map(() => queue.submit(install('curl'), { named })));
      id = first!.job_id;
      expect(second!.job_id).toBe(id);
      await expect(queue.submit(install('wget'), { named: other })).rejects.toMatchObject({
        code: 'IDEMPOTENCY_CONFLICT',
        details: { job_id: id },
      });
      expect(queue.list()).toHaveLength(1);
    }
    const { begun, execute } = handWork();
    await using queue = await open(execute);
    expect((await queue.submit(install('curl'), { named })).job_id).toBe(id);
    await expect(queue.findNamed(other)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(statusOf(queue, id)).toBe('failed');
    expect(begun).toEqual([]);
    expect(queue.findKey('k-1')).toEqual({ job: id, digest: named.digest });
    await queue.cancelOrDelete(id);
    expect(await queue.findNamed(named)).toBeUndefined();
    expect(queue.findKey('k-1')).toBeUndefined();
  });

  it('keeps the name of a job that waited when the agent stopped, or was cancelled while it waited', async () => {
    const { open } = await world();
    let [waiting, cancelled] = ['', ''];
    {
      await using queue = await open(handWork().execute);
      await queue.submit(install('curl'));
      waiting = (await queue.submit(install('wget'), { named: nameOf('waits') })).job_id;
      cancelled = (await queue.submit(install('jq'), { named: nameOf('goes') })).job_id;
      await queue.cancelOrDelete(cancelled);
    }
    await using queue = await open(handWork().execute);
    expect((await queue.findNamed(nameOf('waits')))?.job_id).toBe(waiting);
    expect((await queue.findNamed(nameOf('goes')))?.job_id).toBe(cancelled);
  });

  it('refuses everybody who asked for a job under one name when it cannot be written down', async () => {
    const files: Files = { ...systemFiles, writeDurably: () => Promise.reject(new Error('ENOSPC')) };
    const { open } = await world({}, files);
    await using queue = await open(handWork().execute);
    const named = nameOf('k-1');
    const answers = await Promise.allSettled([1, 2].map(() => queue.submit(install('curl'), { named })));
    expect(answers.map((one) => (one.status === 'rejected' ? one.reason.code : 'accepted'))).toEqual([
      'SERVICE_UNHEALTHY',
      'SERVICE_UNHEALTHY',
    ]);
    expect(await queue.findNamed(named)).toBeUndefined();
  });

  it('keeps finished jobs over a restart, with log, output, results and exit code', async () => {
    const { open, folder } = await world();
    let id = '';
    {
      const { begun, execute } = handWork();
      await using queue = await open(execute);
      id = (await queue.submit(install('curl'))).job_id;
      await until(() => begun.length === 1);
      const { report } = begun[0]!.context;
      report.log('Installing curl');
      report.output('Unpacking curl', 'stdout');
      report.output('a warning', 'stderr');
      report.results([{ name: 'curl', action: 'installed', version_before: null, version_after: '7.88' }]);
      report.exitCode(0);
      begun[0]!.end({ message: 'done' });
      await until(() => statusOf(queue, id) === 'completed');
    }
    await using queue = await open(handWork().execute);
    const job = await queue.get(id);
    expect(job).toMatchObject({
      status: 'completed',
      output: 'Unpacking curl\na warning',
      command_stdout: 'Unpacking curl',
      command_stderr: 'a warning',
      exit_code: 0,
      results: [{ name: 'curl', version_after: '7.88' }],
    });
    expect(job.logs.join('\n')).toMatch(/^2026-11-23T12:00:00\.000Z Job started$/m);
    expect(statSync(join(folder, `${id}.json`)).mode & 0o777).toBe(0o600);
  });

  it('runs queued jobs after a restart and ends the one that was running as interrupted', async () => {
    const { open, folder } = await world();
    const { begun, execute } = handWork();
    const queue = await open(execute);
    const running = await queue.submit(install('curl'));
    const waiting = await queue.submit(install('wget'));
    await until(() => begun.length === 1);
    begun[0]!.context.report.output('Unpacking curl', 'stdout');
    begun[0]!.context.report.phase('running', 'Unpacking');
    await until(() => readdirSync(folder).includes(`${running.job_id}.log`));
    // No dispose: the process was killed. Its files are all that is left.
    const next = handWork();
    await using reopened = await open(next.execute);
    const job = await reopened.get(running.job_id);
    expect(job).toMatchObject({ status: 'failed', state: 'interrupted', error_code: 'INTERRUPTED' });
    expect(job.output).toBe('Unpacking curl');
    expect(job.error).toContain('check the packages');
    await until(() => next.begun.length === 1);
    expect(next.begun[0]!.context.jobId).toBe(waiting.job_id);
    await queue[Symbol.asyncDispose]();
  });

  it('tells running work to stop when it is closed, and records the job as interrupted', async () => {
    const { open } = await world();
    const { begun, execute } = handWork();
    const queue = await open(execute);
    const { job_id: id } = await queue.submit(install('curl'));
    await until(() => begun.length === 1);
    await queue[Symbol.asyncDispose]();
    expect(begun[0]!.context.signal.aborted).toBe(true);
    await using reopened = await open(handWork().execute);
    expect((await reopened.get(id)).state).toBe('interrupted');
  });

  it('sets a damaged file aside, says so, and starts with the others', async () => {
    const { open, folder, logger } = await world();
    await (await open(handWork().execute))[Symbol.asyncDispose]();
    writeFileSync(join(folder, 'broken.json'), '{"format":1,');
    await using queue = await open(handWork().execute);
    expect(queue.list()).toEqual([]);
    expect(readdirSync(folder)).toContain('broken.json.corrupt');
    expect(logger.records.some((record) => record.level === 'error')).toBe(true);
  });

  it('ends a job that runs too long as failed with the code TIMEOUT', async () => {
    const { open, clock } = await world({ timeoutMinutes: 1 });
    const { begun, execute } = handWork();
    await using queue = await open(execute);
    const { job_id: id } = await queue.submit(install('curl'));
    await until(() => begun.length === 1);
    await clock.advance(60_000);
    await until(() => statusOf(queue, id) === 'failed');
    expect(queue.find(id)).toMatchObject({ state: 'timed_out', error_code: 'TIMEOUT' });
  });

  it('cancels what waits at once, what runs when it has stopped, and deletes what is finished', async () => {
    const { open, folder } = await world();
    const { begun, execute } = handWork();
    await using queue = await open(execute);
    const running = await queue.submit(install('curl'));
    const waiting = await queue.submit(install('wget'));
    await until(() => begun.length === 1);
    expect(await queue.cancelOrDelete(waiting.job_id)).toMatchObject({
      previous_status: 'queued',
      current_status: 'cancelled',
      action: 'cancelled',
    });
    expect(await queue.cancelOrDelete(running.job_id)).toMatchObject({ action: 'cancelling' });
    await until(() => statusOf(queue, running.job_id) === 'cancelled');
    expect(queue.find(running.job_id)).toMatchObject({ error_code: 'CANCELLED' });
    await until(() => readdirSync(folder).length === 3);
    expect(await queue.cancelOrDelete(running.job_id)).toMatchObject({ action: 'deleted' });
    await expect(queue.get(running.job_id)).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    expect(readdirSync(folder)).toEqual([`${waiting.job_id}.json`]);
  });

  it('keeps as many finished jobs as configured and none older than configured', async () => {
    const { open, clock } = await world({ retentionCount: 2, retentionDays: 10 });
    const quick: Executor = async () => ({ message: 'done' });
    {
      await using queue = await open(quick);
      for (const name of ['a1', 'b1', 'c1', 'd1']) {
        const { job_id: id } = await queue.submit(install(name));
        await until(() => statusOf(queue, id) === 'completed');
        await clock.advance(1_000);
      }
      await until(() => queue.list().length === 2);
      expect(queue.list().map((job) => job.packages[0])).toEqual(['d1', 'c1']);
    }
    await clock.advance(11 * 86_400_000);
    await using queue = await open(quick);
    expect(queue.list()).toEqual([]);
  });

  it('reports codes of jobs as they are and anything else as unknown', async () => {
    const { open } = await world();
    const failures = [
      new PatchError('GPG_ERROR', 'NO_PUBKEY', { details: { exit_code: 100 } }),
      new TypeError('x is not a function'),
    ];
    await using queue = await open(() => Promise.reject(failures.shift()!));
    const first = await queue.submit(install('curl'));
    const second = await queue.submit(install('wget'));
    await until(() => statusOf(queue, second.job_id) === 'failed');
    expect(queue.find(first.job_id)).toMatchObject({ error_code: 'GPG_ERROR', exit_code: 100 });
    expect(queue.find(second.job_id)).toMatchObject({ error_code: 'UNKNOWN_ERROR' });
  });

  it('does what a job asks for afterwards once it is on record as completed', async () => {
    const { open } = await world();
    const seen: (string | undefined)[] = [];
    await using queue = await open(async (_request, { jobId, report }) => ({
      message: 'done',
      afterwards: async () => {
        seen.push(queue.find(jobId)?.status);
        report.log('Reboot command executed');
        throw new Error('Reboot failed: no shutdown program');
      },
    }));
    const { job_id: id } = await queue.submit(install('curl'));
    await until(() => seen.length === 1);
    expect(seen).toEqual(['completed']);
    await vi.waitFor(async () => {
      const { logs, status } = await queue.get(id);
      expect(status).toBe('completed');
      expect(logs.join('\n')).toContain('Reboot failed: no shutdown program');
    }, 200_000);
  });
});

describe('job events', () => {
  it('rise by one, gather output, and can be caught up on', async () => {
    const { open, clock } = await world();
    const { begun, execute } = handWork();
    await using queue = await open(execute);
    const before = queue.events.seq;
    await queue.submit(install('curl'));
    await until(() => begun.length === 1);
    const { report } = begun[0]!.context;
    report.output('line 1', 'stdout');
    report.output('line 2', 'stdout');
    report.progress(10, 'Downloading');
    await clock.advance(200);
    const { events, missed } = queue.events.since(before);
    expect(missed).toBe(0);
    expect(events.map((event) => event.seq)).toEqual([before + 1, before + 2, before + 3]);
    expect(events[2]).toMatchObject({
      output: 'line 1\nline 2',
      job: { progress: 10, message: 'Downloading' },
    });
    expect(queue.events.since(0).missed).toBeGreaterThan(0);
  });
});
