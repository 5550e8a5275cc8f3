import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { install } from '../../test/job-requests.ts';
import { handWork, nameOf, queueWorld, statusOf, until } from '../../test/queue-world.ts';

describe('the job queue that ends and begins again', () => {
  it('knows after a restart, too, which key signed the request of a job', async () => {
    const { open } = await queueWorld();
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

  it('keeps the name of a job that waited when the agent stopped, or was cancelled while it waited', async () => {
    const { open } = await queueWorld();
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

  it('keeps finished jobs over a restart, with log, output, results and exit code', async () => {
    const { open, folder } = await queueWorld();
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
    const { open, folder } = await queueWorld();
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
    const { open } = await queueWorld();
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
    const { open, folder, logger } = await queueWorld();
    await (await open(handWork().execute))[Symbol.asyncDispose]();
    writeFileSync(join(folder, 'broken.json'), '{"format":1,');
    await using queue = await open(handWork().execute);
    expect(queue.list()).toEqual([]);
    expect(readdirSync(folder)).toContain('broken.json.corrupt');
    expect(logger.records.some((record) => record.level === 'error')).toBe(true);
  });
});
