import { readdirSync } from 'node:fs';
import { DAY_MS, MINUTE_MS, PatchError } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import type { Executor } from '@linux-patch/worker';
import { describe, expect, it, vi } from 'vitest';
import { install, nothing } from '../../test/job-requests.ts';
import { handWork, nameOf, queueWorld, statusOf, until } from '../../test/queue-world.ts';

describe('the job queue', () => {
  it('runs one package transaction at a time, and does not let an empty apply wait for it', async () => {
    const { open } = await queueWorld();
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
    const { open } = await queueWorld({ maxQueueDepth: 2 });
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
    const { open } = await queueWorld({}, files);
    const { begun, execute } = handWork();
    await using queue = await open(execute);
    await expect(queue.submit(install('curl'))).rejects.toMatchObject({ code: 'SERVICE_UNHEALTHY' });
    expect(queue.list()).toEqual([]);
    expect(begun).toEqual([]);
    expect(queue.health()).toContain('ENOSPC');
  });

  it('is asked twice for the same under one name and has one job, also after a restart and when the queue is full', async () => {
    const { open } = await queueWorld({ maxQueueDepth: 1 });
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

  it('refuses everybody who asked for a job under one name when it cannot be written down', async () => {
    const files: Files = { ...systemFiles, writeDurably: () => Promise.reject(new Error('ENOSPC')) };
    const { open } = await queueWorld({}, files);
    await using queue = await open(handWork().execute);
    const named = nameOf('k-1');
    const answers = await Promise.allSettled([1, 2].map(() => queue.submit(install('curl'), { named })));
    expect(answers.map((one) => (one.status === 'rejected' ? one.reason.code : 'accepted'))).toEqual([
      'SERVICE_UNHEALTHY',
      'SERVICE_UNHEALTHY',
    ]);
    expect(await queue.findNamed(named)).toBeUndefined();
  });

  it('ends a job that runs too long as failed with the code TIMEOUT', async () => {
    const { open, clock } = await queueWorld({ timeoutMs: 1 * MINUTE_MS });
    const { begun, execute } = handWork();
    await using queue = await open(execute);
    const { job_id: id } = await queue.submit(install('curl'));
    await until(() => begun.length === 1);
    await clock.advance(60_000);
    await until(() => statusOf(queue, id) === 'failed');
    expect(queue.find(id)).toMatchObject({ state: 'timed_out', error_code: 'TIMEOUT' });
  });

  it('cancels what waits at once, what runs when it has stopped, and deletes what is finished', async () => {
    const { open, folder } = await queueWorld();
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
    const { open, clock } = await queueWorld({ retentionCount: 2, retentionMs: 10 * DAY_MS });
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
    const { open } = await queueWorld();
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
    const { open } = await queueWorld();
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
    const { open, clock } = await queueWorld();
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
