import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Job, JobAccepted, type JobResult, PatchError } from '@linux-patch/contract';
import type { Executor } from '@linux-patch/worker';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, call, startWorld, type World } from './world.ts';

const UNKNOWN = 'f4a0bd0e-5c38-4a9e-9d3a-3d4f6f0c9a11';
const UPGRADED: JobResult = {
  name: 'alpha',
  action: 'upgraded',
  version_before: '1.0',
  version_after: '1.1',
};

/** What jobs do, by the first package that they name; a rollback by `rollback`. */
let work: Record<string, Executor>;
let world: World;

beforeEach(async () => {
  work = {};
  world = await startWorld({
    execute: async (request, context) => {
      const [name = request.operation] = request.operation === 'install' ? [request.packages[0]?.name] : [];
      return (await work[name]?.(request, context)) ?? { message: 'Nothing to do' };
    },
  });
});
afterEach(() => world[Symbol.asyncDispose]());

const idOf = ({ envelope }: Answer): string => JobAccepted.parse(envelope.data).job_id;
const codeOf = ({ status, envelope }: Answer) => [status, envelope.error?.code ?? null];
const jobOf = async (id: string): Promise<Job> =>
  Job.parse((await call(world, `/api/v1/jobs/${id}`)).envelope.data);

const install = (name: string) =>
  call(world, '/api/v1/packages', { method: 'POST', body: { packages: [{ name }] } });
const rollBack = (id: string, body: object = {}, headers: Record<string, string> = {}) =>
  call(world, `/api/v1/jobs/${id}/rollback`, { method: 'POST', body, headers });

/** A job that has ended with these results. */
async function ended(results: readonly JobResult[], error?: PatchError): Promise<string> {
  work['alpha'] = async (_request, { report }) => {
    report.results(results);
    if (error) throw error;
    return { message: 'done' };
  };
  const id = idOf(await install('alpha'));
  await expect.poll(async () => (await jobOf(id)).completed_at).not.toBeNull();
  return id;
}

describe('a rollback', () => {
  it.each([
    ['done', undefined],
    ['failed halfway', new PatchError('SCRIPT_FAILED', 'a script failed')],
  ])('of a job that is %s is a job that names it, and is the same under its key', async (_how, error) => {
    const of = await ended([UPGRADED], error);
    const headers = { 'idempotency-key': `back-${of}` };
    const first = await rollBack(of, { allow_removals: true }, headers);
    expect(first.status).toBe(202);
    const job = await jobOf(idOf(first));
    expect(job).toMatchObject({ operation: 'rollback', rollback_job_id: of, exclusive_mode: true });
    expect(idOf(await rollBack(of, { allow_removals: true }, headers))).toBe(job.job_id);
    expect(codeOf(await rollBack(of, {}, headers))).toEqual([409, 'IDEMPOTENCY_CONFLICT']);
    // Its body may be absent.
    const bare = await call(world, `/api/v1/jobs/${of.toUpperCase()}/rollback`, { method: 'POST' });
    expect(bare.status).toBe(202);
    expect((await jobOf(idOf(bare))).rollback_job_id).toBe(of);
  });

  it('is named by the job that it took back, when it is done, and the newest of several', async () => {
    const of = await ended([UPGRADED]);
    const other = await ended([UPGRADED]);
    const by = async (id = of) => (await jobOf(id)).rolled_back_by;
    expect(await by()).toBeNull();
    work['rollback'] = async () => {
      throw new PatchError('VERSION_NOT_AVAILABLE', 'it is gone');
    };
    const failed = idOf(await rollBack(of));
    await expect.poll(async () => (await jobOf(failed)).status).toBe('failed');
    expect(await by()).toBeNull();
    delete work['rollback'];
    for (let time = 0; time < 2; time += 1) {
      const done = idOf(await rollBack(of));
      await expect.poll(() => by()).toBe(done);
    }
    expect(await by(other)).toBeNull();
  });

  it('is refused for what is no job, is not known, has not ended, or changed nothing', async () => {
    expect(codeOf(await rollBack('nonsense'))).toEqual([400, 'INVALID_REQUEST']);
    expect(codeOf(await rollBack(UNKNOWN))).toEqual([404, 'JOB_NOT_FOUND']);
    expect(codeOf(await rollBack(UNKNOWN, { purge: true }))).toEqual([400, 'INVALID_REQUEST']);
    const idle = await ended([{ ...UPGRADED, action: 'unchanged', version_after: '1.0' }]);
    const { status, envelope } = await rollBack(idle);
    expect([status, envelope.error?.code]).toEqual([409, 'JOB_CONFLICT']);
    expect(envelope.error?.message).toContain('nothing to roll back');
    const go = Promise.withResolvers<void>();
    work['beta'] = async () => {
      await go.promise;
      return { message: 'done' };
    };
    const running = idOf(await install('beta'));
    const early = await rollBack(running);
    expect(codeOf(early)).toEqual([409, 'JOB_CONFLICT']);
    expect(early.envelope.error?.message).toContain('has not ended');
    go.resolve();
    expect(world.jobs.list().filter((one) => one.operation === 'rollback')).toEqual([]);
  });

  it('runs alone: it waits for what runs, and nothing begins beside it', async () => {
    const of = await ended([UPGRADED]);
    const order: string[] = [];
    const gates = { beta: Promise.withResolvers<void>(), rollback: Promise.withResolvers<void>() };
    for (const [name, gate] of Object.entries(gates))
      work[name] = async () => {
        order.push(`${name} begins`);
        await gate.promise;
        order.push(`${name} ends`);
        return { message: 'done' };
      };
    await install('beta');
    const back = idOf(await rollBack(of));
    // It needs no transaction, so that it would begin at once beside any other.
    const nothing = idOf(
      await call(world, '/api/v1/patches/apply', { method: 'POST', body: { packages: [] } }),
    );
    await expect.poll(() => order).toEqual(['beta begins']);
    expect([(await jobOf(back)).status, (await jobOf(nothing)).status]).toEqual(['queued', 'queued']);
    gates.beta.resolve();
    await expect.poll(() => order).toEqual(['beta begins', 'beta ends', 'rollback begins']);
    expect((await jobOf(nothing)).status).toBe('queued');
    gates.rollback.resolve();
    await expect.poll(async () => (await jobOf(nothing)).status).toBe('completed');
    expect(order.at(-1)).toBe('rollback ends');
  });

  it.each([
    ['downgrades: none', UPGRADED, 'downgrades'],
    ['downgrades: any\nallowed_operations: [install, remove]', UPGRADED, 'allowed_operations'],
    ['removals: none', { ...UPGRADED, action: 'installed' as const, version_before: null }, 'removals'],
    [
      'allowed_operations: [update]',
      { ...UPGRADED, action: 'removed' as const, version_after: null },
      'allowed_operations',
    ],
    ['downgrades: any\nexcluded_packages: [alph*]', UPGRADED, 'excluded_packages'],
  ])('is denied by the rule of %j for what it consists of', async (policy, result, rule) => {
    const of = await ended([result]);
    await writeFile(join(world.folder, 'policy.yaml'), `${policy}\n`, { mode: 0o600 });
    const { status, envelope } = await rollBack(of);
    expect([status, envelope.error]).toMatchObject([
      403,
      { code: 'POLICY_DENIED', details: { policy: { rule } } },
    ]);
    await writeFile(join(world.folder, 'policy.yaml'), 'downgrades: any\n', { mode: 0o600 });
    expect((await rollBack(of)).status).toBe(202);
  });
});
