import type { FleetJob, FleetJobs, Job, JobAccepted } from '@linux-patch/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentJob } from './agent-job.ts';
import { applyAll, dataOf, INSTANCE, knownHost } from './known-host.ts';
import { LISTENING } from './listening-agent.ts';
import { startWorld, TESTER, type World } from './world.ts';

const JOB = '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc';
const JOB_PATH = `/api/v1/jobs/${JOB}`;

let world: World;
beforeEach(async () => {
  world = await startWorld({ ...LISTENING, fleet: { poll_minutes: 60 } });
});
afterEach(() => world[Symbol.asyncDispose]());

const jobs = async (query = ''): Promise<readonly FleetJob[]> =>
  dataOf<FleetJobs>(await world.admin(`/jobs${query}`)).jobs;

/** The only job there is, when enough time has passed for its state. */
async function inState(state: FleetJob['state']): Promise<FleetJob | undefined> {
  await expect
    .poll(async () => {
      const [one] = await jobs();
      if (one?.state === state) return state;
      await world.advance(1_000);
      return one?.state;
    })
    .toBe(state);
  return (await jobs())[0];
}

const keysOf = (host: Awaited<ReturnType<typeof knownHost>>) =>
  new Set(host.jobsAsked().map((one) => one.headers['idempotency-key']));

const done = (more: Partial<Job> = {}): Job =>
  agentJob({
    status: 'completed',
    message: 'All in.',
    results: [{ name: 'curl', action: 'upgraded', version_before: '1', version_after: '2' }],
    ...more,
  });

describe('what a host is asked to do', () => {
  it('waits as long as a host wants that was asked for too much, and is begun once', async () => {
    await using host = await knownHost(world);
    host.refuse('RATE_LIMIT_EXCEEDED', { retry_after_seconds: 5 });
    const asked = applyAll(world, host.fqdn, 'mine-1');
    await expect.poll(() => host.jobsAsked().length).toBe(1);
    host.refuse();
    const refusedMs = world.clock.now();
    await expect.poll(() => world.advance(1_000).then(() => host.jobsAsked().length)).toBe(2);
    expect(world.clock.now() - refusedMs).toBeGreaterThanOrEqual(5_000);
    await asked;
    expect(keysOf(host)).toEqual(new Set(['mine-1']));
    expect(await inState('accepted')).toMatchObject({ job_id: JOB });
  });

  it('has ended for whoever lists the host anew, however lately', async () => {
    await using host = await knownHost(world);
    await applyAll(world, host.fqdn, 'mine-1');
    expect(await inState('accepted')).toMatchObject({ job_id: JOB });
    host.tell(JOB_PATH, done());
    const patches = { patches: [], total: 0, security_updates: 0, requires_reboot: false };
    const lists = { status: 'fresh', message: 'ok', refreshed_at: null, sources: [] };
    const listed = { ...patches, listed_at: new Date(world.clock.now()).toISOString(), lists };
    host.tell('/api/v1/patches?refresh=true&limit=1', listed);
    expect((await world.admin(`/hosts/${host.fqdn}/refresh`, {})).status).toBe(200);
    expect((await jobs())[0]).toMatchObject({ state: 'ended', result: { status: 'completed' } });
  });

  it('is not begun where a host wants longer than somebody waits', async () => {
    await using host = await knownHost(world);
    host.refuse('RATE_LIMIT_EXCEEDED', { retry_after_seconds: 31 });
    expect((await applyAll(world, host.fqdn, 'mine-1')).status).toBe(502);
    expect(host.jobsAsked()).toHaveLength(1);
    expect(await inState('not_begun')).toMatchObject({
      result: { message: expect.stringContaining('RATE_LIMIT_EXCEEDED') },
    });
  });

  it('is on record with who asked, and ends with what its job did', async () => {
    await using host = await knownHost(world);
    await applyAll(world, host.fqdn, 'mine-1');
    expect(await jobs()).toMatchObject([
      { key: 'mine-1', fqdn: host.fqdn, actor: TESTER, operation: 'patch_apply' },
    ]);
    expect(await inState('accepted')).toMatchObject({ job_id: JOB, result: null, ended_at: null });
    host.tell(JOB_PATH, agentJob({ status: 'running' }));
    await world.advance(6_000);
    expect((await jobs())[0]?.state).toBe('accepted');
    host.tell(JOB_PATH, done());
    expect(await inState('ended')).toMatchObject({
      result: { status: 'completed', message: 'All in.', error_code: null, changed: { upgraded: 1 } },
      ended_at: expect.any(String),
    });
    expect(await world.database.db.selectFrom('started_jobs').selectAll().execute()).toEqual([]);
  });

  it('keeps code and words of a job that failed, and of the plan that was approved', async () => {
    await using host = await knownHost(world);
    host.tell(JOB_PATH, done({ status: 'failed', error: 'It would do more.', error_code: 'PLAN_CHANGED' }));
    const plan_hash = 'a'.repeat(64);
    await world.admin(`/hosts/${host.fqdn}/patches/apply`, { all: true, plan_hash });
    expect(await inState('ended')).toMatchObject({
      plan_hash,
      result: { status: 'failed', message: 'It would do more.', error_code: 'PLAN_CHANGED' },
    });
  });

  it('that a host does not answer is asked again under the same key until it does, also after a restart', async () => {
    await using host = await knownHost(world);
    host.lose(4);
    const { error } = (await applyAll(world, host.fqdn)).json();
    expect(error).toMatchObject({ code: 'AGENT_UNREACHABLE', details: { answer_lost: true } });
    expect(error.message).toContain('asked again under the same key');
    expect(await inState('asked')).toMatchObject({ job_id: null });
    await world.restart();
    host.tell(JOB_PATH, done());
    expect(await inState('ended')).toMatchObject({ result: { changed: { upgraded: 1 } }, actor: TESTER });
    expect(host.jobsAsked().length).toBeGreaterThan(2);
    expect(keysOf(host).size).toBe(1);
    expect(host.jobsAsked().map((one) => one.headers['linux-patch-instance'])).toEqual(
      host.jobsAsked().map(() => INSTANCE),
    );
    const events = await world.database.db
      .selectFrom('audit')
      .select(['event', 'actor'])
      .where('event', 'like', 'patches%')
      .orderBy('seq')
      .execute();
    expect(events).toEqual([
      { event: 'patches_requested', actor: TESTER },
      { event: 'patches_applied', actor: TESTER },
    ]);
  });

  it.each([
    ['POLICY_DENIED', 'not_begun'],
    ['INSTANCE_MISMATCH', 'unknown'],
  ] as const)('that is refused with %s when it is asked again is %s', async (code, state) => {
    await using host = await knownHost(world);
    host.lose(2);
    await applyAll(world, host.fqdn);
    host.refuse(code, {});
    expect(await inState(state)).toMatchObject({ result: { error_code: code }, job_id: null });
    const asked = host.jobsAsked().length;
    await world.advance(600_000);
    expect(host.jobsAsked()).toHaveLength(asked);
  });

  it.each([
    ['RATE_LIMIT_EXCEEDED', { retry_after_seconds: 600 }],
    ['INTERNAL_ERROR', {}],
    ['SIGNATURE_INVALID', {}],
  ] as const)('may have been begun by a host that says %s when it is asked again', async (code, why) => {
    await using host = await knownHost(world);
    host.lose(2);
    await applyAll(world, host.fqdn);
    host.refuse(code, why);
    const asked = host.jobsAsked().length;
    await expect.poll(() => world.advance(1_000).then(() => host.jobsAsked().length)).toBeGreaterThan(asked);
    expect((await jobs())[0]).toMatchObject({ state: 'asked', job_id: null });
    host.refuse();
    expect(await inState('accepted')).toMatchObject({ job_id: JOB });
    expect(keysOf(host).size).toBe(1);
  });

  it('is not begun an hour later by a host that was away', async () => {
    await using host = await knownHost(world);
    host.lose(1_000);
    await applyAll(world, host.fqdn);
    await host[Symbol.asyncDispose]();
    world.clock.setWallClock(world.clock.now() + 3_700_000);
    const asked = host.jobsAsked().length;
    expect((await inState('unknown'))?.result?.message).toContain('within an hour');
    host.lose(0);
    await host.wake();
    await world.advance(600_000);
    expect(host.jobsAsked()).toHaveLength(asked);
  });

  it('is not begun where the host refuses it or is not reached, and says why', async () => {
    await using host = await knownHost(world);
    host.refuse('POLICY_DENIED', { policy: { rule: 'x' } });
    await applyAll(world, host.fqdn);
    await host[Symbol.asyncDispose]();
    await world.advance(1_000);
    await applyAll(world, host.fqdn);
    expect((await jobs()).map((one) => [one.state, one.result?.error_code])).toEqual([
      ['not_begun', 'AGENT_UNREACHABLE'],
      ['not_begun', 'POLICY_DENIED'],
    ]);
  });

  it('that a host began and never spoke of again is unknown after a day', async () => {
    await using host = await knownHost(world);
    await applyAll(world, host.fqdn);
    await host[Symbol.asyncDispose]();
    world.clock.setWallClock(world.clock.now() + 26 * 3_600_000);
    expect(await inState('unknown')).toMatchObject({ job_id: JOB, result: { status: null } });
  });

  it('of an agent that knows no keys is never asked again, and is said to be unknown', async () => {
    await using host = await knownHost(world, {});
    host.lose(1);
    await applyAll(world, host.fqdn);
    expect(await jobs()).toMatchObject([{ state: 'unknown' }]);
    await world.advance(600_000);
    expect(host.jobsAsked()).toHaveLength(1);
  });

  it('under a key that was used is the same job, and for another request a conflict', async () => {
    await using host = await knownHost(world);
    host.tell(JOB_PATH, done());
    const first = dataOf<JobAccepted>(await applyAll(world, host.fqdn, 'mine-1'));
    await inState('ended');
    expect(dataOf<JobAccepted>(await applyAll(world, host.fqdn, 'mine-1')).job_id).toBe(first.job_id);
    const other = await world.local({
      path: `/api/v1/hosts/${host.fqdn}/patches/apply`,
      method: 'POST',
      headers: { 'idempotency-key': 'mine-1' },
      body: { all: true, security_only: true },
    });
    expect([other.status, other.json().error]).toMatchObject([
      409,
      { code: 'IDEMPOTENCY_CONFLICT', details: { job_id: first.job_id } },
    ]);
    expect(host.jobsAsked()).toHaveLength(1);
    expect(await jobs()).toHaveLength(1);
  });

  it('is listed for the fleet, the newest first, in pages, by host, state and age', async () => {
    await using one = await knownHost(world);
    await using two = await knownHost(world);
    await applyAll(world, one.fqdn, 'first');
    await world.advance(1_000);
    two.refuse('POLICY_DENIED', {});
    await applyAll(world, two.fqdn, 'second');
    const keys = async (query: string) => (await jobs(query)).map(({ key }) => key);
    expect(await keys('')).toEqual(['second', 'first']);
    expect(await keys('?limit=1&offset=1')).toEqual(['first']);
    expect(await keys(`?host=${one.fqdn}`)).toEqual(['first']);
    expect(await keys('?state=not_begun')).toEqual(['second']);
    const [{ job_id: id } = { job_id: null }] = await jobs(`?host=${one.fqdn}`);
    expect(await keys(`?host=${one.fqdn}&job=${id?.toUpperCase()}`)).toEqual(['first']);
    expect(await keys(`?host=${two.fqdn}&job=${id}`)).toEqual([]);
    expect((await world.admin('/jobs?job=first')).status).toBe(400);
    world.clock.setWallClock(world.clock.now() + 2 * 86_400_000);
    expect(await keys('?days=1')).toEqual([]);
    expect((await world.admin('/jobs?host=nobody')).json().error.code).toBe('HOST_NOT_FOUND');
    expect(await world.adminText('/metrics')).toContain(
      'linux_patch_manager_host_jobs_open{state="accepted"} 1',
    );
  });
});
