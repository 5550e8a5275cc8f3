import type { FleetAct, FleetActs, FleetJobs, Host } from '@linux-patch/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addHosts, addWaiting } from './act-rows.ts';
import { agentJob } from './agent-job.ts';
import { boundCaller } from './bound-callers.ts';
import { openEvents } from './event-stream.ts';
import { dataOf, INSTANCE, knownHost } from './known-host.ts';
import { LISTENING } from './listening-agent.ts';
import { faultOf } from './operator.ts';
import { startWorld, TESTER, type World } from './world.ts';

const JOB = '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc';
const JOB_PATH = `/api/v1/jobs/${JOB}`;
const NOBODY = '00000000-0000-4000-8000-000000000000';

type Known = Awaited<ReturnType<typeof knownHost>>;

let world: World;
const hosts: Known[] = [];
const known = async (health: object = { instance_id: INSTANCE }): Promise<Known> => {
  const host = await knownHost(world, health);
  hosts.push(host);
  return host;
};
/** As few at a time that some wait. */
const ONE_AT_A_TIME = { ...LISTENING, fleet: { poll_minutes: 60, concurrency: 1 } };
beforeEach(async () => {
  world = await startWorld(ONE_AT_A_TIME);
});
afterEach(async () => {
  for (const host of hosts.splice(0)) await host[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const idOf = async ({ fqdn }: Known) => dataOf<Host>(await world.admin(`/hosts/${fqdn}`)).id;
const idsOf = async (some: readonly Known[]) => Promise.all(some.map(idOf));

const start = (ids: readonly string[], more: object = {}, key?: string) =>
  world.local({
    path: '/api/v1/acts',
    method: 'POST',
    headers: key === undefined ? {} : { 'idempotency-key': key },
    body: { operation: 'patch_apply', hosts: ids, ...more },
  });
const started = async (ids: readonly string[], more: object = {}) => {
  const answer = await start(ids, more);
  expect(answer.status, answer.text).toBe(202);
  return dataOf<FleetAct>(answer);
};
const stop = (id: string) => world.local({ path: `/api/v1/acts/${id}/stop`, method: 'POST', body: {} });
const act = async (id: string) => dataOf<FleetAct>(await world.admin(`/acts/${id}`));
const jobsOf = async (id: string, more = '') =>
  dataOf<FleetJobs>(await world.admin(`/jobs?act=${id}${more}`)).jobs;

/** How many hosts are in which state, without those in which none is. */
async function countsOf(id: string) {
  const { counts } = await act(id);
  return Object.fromEntries(Object.entries(counts).filter(([, number]) => number > 0));
}
/** Waits until an act stands like this, and lets time pass meanwhile; without time, what is asked is still on its way. */
const until = (id: string, counts: object, ms = 1_000) =>
  expect
    .poll(async () => {
      const now = await countsOf(id);
      const isSo = JSON.stringify(now) === JSON.stringify(counts);
      if (!isSo && ms > 0) await world.advance(ms);
      return now;
    })
    .toEqual(counts);

const audited = async () => {
  const rows = await world.database.db
    .selectFrom('audit')
    .select(['event', 'actor', 'fields'])
    .where('event', 'in', ['act_started', 'act_hosts', 'act_stopped', 'patches_requested'])
    .orderBy('seq')
    .execute();
  return rows.map(({ event, actor, fields }) => ({ event, actor, ...(JSON.parse(fields) as object) }));
};

/** A host that takes what it is asked, and does not answer before it is let. */
function holding(host: Known) {
  const { promise, resolve } = Promise.withResolvers<void>();
  host.hold(promise);
  return resolve;
}

describe('what is asked of many hosts', () => {
  it('is asked of each of them once, and counted by what became of it', async () => {
    const [one, two, three] = [await known(), await known(), await known()];
    two.refuse('POLICY_DENIED', {});
    await three.sleep();
    one.tell(JOB_PATH, agentJob({ status: 'completed', results: [] }));
    const ids = await idsOf([one, two, three]);
    const made = await started(ids, { security_only: true, search: 'state:behind' });
    expect(made).toMatchObject({
      operation: 'patch_apply',
      security_only: true,
      search: 'state:behind',
      actor: TESTER,
      hosts: 3,
      counts: { waiting: 3 },
      stopped_at: null,
    });
    await until(made.id, { completed: 1, not_begun: 2 });
    for (const host of [one, two]) {
      expect(host.jobsAsked().map(({ body }) => JSON.parse(body) as object)).toEqual([
        { all: true, security_only: true },
      ]);
      expect(host.jobsAsked()[0]?.headers['linux-patch-instance']).toBe(INSTANCE);
    }
    const failed = await jobsOf(made.id, '&state=not_begun');
    expect(failed.map(({ result, act_id }) => `${result?.error_code} ${act_id}`).toSorted()).toEqual([
      `AGENT_UNREACHABLE ${made.id}`,
      `POLICY_DENIED ${made.id}`,
    ]);
    expect((await jobsOf(made.id, '&state=completed')).map(({ fqdn }) => fqdn)).toEqual([one.fqdn]);
    expect(await jobsOf(made.id, '&state=failed')).toEqual([]);
    expect(dataOf<FleetActs>(await world.admin('/acts'))).toMatchObject({
      acts: [{ id: made.id }],
      total: 1,
    });
  });

  it('counts a job that a host could not do as failed', async () => {
    const one = await known();
    one.tell(JOB_PATH, agentJob({ status: 'failed', error: 'no', error_code: 'DPKG_FAILED' as never }));
    const { id } = await started(await idsOf([one]));
    await until(id, { failed: 1 });
    expect((await jobsOf(id, '&state=failed')).map(({ fqdn }) => fqdn)).toEqual([one.fqdn]);
    expect(await jobsOf(id, '&state=completed')).toEqual([]);
  });

  it('is on record with who asked, for how many and for which, and each host when it is asked', async () => {
    const one = await known();
    const [id = ''] = await idsOf([one]);
    const made = await started([id], { search: one.fqdn });
    await until(made.id, { accepted: 1 });
    const request = { all: true };
    const common = { actor: TESTER, act: made.id };
    expect(await audited()).toEqual([
      { ...common, event: 'act_started', hosts: 1, search: one.fqdn, operation: 'patch_apply', request },
      { ...common, event: 'act_hosts', hosts: [one.fqdn] },
      { ...common, event: 'patches_requested', host: id, fqdn: one.fqdn, request },
    ]);
  });

  it('is for all of the hosts or for none: one that left or is not there refuses it', async () => {
    const [one, two] = [await known(), await known()];
    const [id = '', gone = ''] = await idsOf([one, two]);
    await world.database.db
      .updateTable('hosts')
      .set({ left_at: world.clock.now() })
      .where('id', '=', gone)
      .execute();
    const [status, code, message] = faultOf(await start([id, gone, NOBODY]));
    expect([status, code]).toEqual([404, 'HOST_NOT_FOUND']);
    expect(message).toContain(`1 left and 1 are not there: ${two.fqdn}, ${NOBODY}`);
    expect(message).toContain('Nothing was started, on none of them.');
    expect(faultOf(await start([id, id])).slice(0, 2)).toEqual([400, 'INVALID_REQUEST']);
    expect(faultOf(await start([])).slice(0, 2)).toEqual([400, 'INVALID_REQUEST']);
    expect(dataOf<FleetActs>(await world.admin('/acts')).total).toBe(0);
    expect(dataOf<FleetJobs>(await world.admin('/jobs')).total).toBe(0);
    expect(await audited()).toEqual([]);
    expect(one.jobsAsked()).toEqual([]);
  });

  it('is one act under one key, and a conflict for another wish', async () => {
    const [one, two] = [await known(), await known()];
    const ids = await idsOf([one, two]);
    const first = dataOf<FleetAct>(await start(ids, {}, 'mine-1'));
    const again = dataOf<FleetAct>(await start(ids.toReversed(), {}, 'mine-1'));
    expect(again.id).toBe(first.id);
    expect(faultOf(await start(ids.slice(1), {}, 'mine-1')).slice(0, 2)).toEqual([
      409,
      'IDEMPOTENCY_CONFLICT',
    ]);
    expect(faultOf(await start(ids, { security_only: true }, 'mine-1'))[1]).toBe('IDEMPOTENCY_CONFLICT');
    await until(first.id, { accepted: 2 });
    expect([one.jobsAsked().length, two.jobsAsked().length]).toEqual([1, 1]);
  });

  it('is stopped for the hosts that were not asked yet; what others have begun goes on', async () => {
    const some = [await known(), await known(), await known()];
    const release = some.map(holding);
    const { id } = await started(await idsOf(some));
    await until(id, { waiting: 2, asked: 1 }, 0);
    const answer = await stop(id);
    expect(dataOf<FleetAct>(answer)).toMatchObject({
      counts: { waiting: 0, asked: 1, not_begun: 0, not_asked: 2 },
      stopped_by: TESTER,
      stopped_at: new Date(world.clock.now()).toISOString(),
    });
    for (const let_go of release) let_go();
    await until(id, { accepted: 1, not_asked: 2 });
    expect(some.flatMap((host) => host.jobsAsked())).toHaveLength(1);
    expect((await jobsOf(id, '&state=not_asked')).map(({ result }) => result?.message)).toEqual(
      Array(2).fill(`Stopped by ${TESTER} before the host was asked.`),
    );
    expect((await stop(id)).status).toBe(200);
    expect((await audited()).filter(({ event }) => event === 'act_stopped')).toEqual([
      { event: 'act_stopped', actor: TESTER, act: id, hosts: 2 },
    ]);
  });

  it('is not stopped when no host waits any more, in words that say so', async () => {
    const one = await known();
    const { id } = await started(await idsOf([one]));
    await until(id, { accepted: 1 });
    expect(faultOf(await stop(id))).toEqual([409, 'JOB_CONFLICT', expect.stringContaining('asked already')]);
    expect((await act(id)).stopped_at).toBeNull();
    expect(faultOf(await stop(NOBODY)).slice(0, 2)).toEqual([404, 'ACT_NOT_FOUND']);
  });

  it('goes on after a restart with the hosts that wait, and asks none twice', async () => {
    const some = [await known(), await known(), await known()];
    const release = some.map(holding);
    const { id } = await started(await idsOf(some));
    await until(id, { waiting: 2, asked: 1 }, 0);
    await world.restart(async () => release.forEach((let_go) => let_go()));
    await until(id, { accepted: 3 });
    for (const host of some)
      expect(new Set(host.jobsAsked().map(({ headers }) => headers['idempotency-key']))).toEqual(
        new Set([id]),
      );
  });

  it('is not begun by hosts whose turn would come a day later, or that left meanwhile', async () => {
    const [one, two] = [await known(), await known()];
    const ids = await idsOf([one, two]);
    const release = [one, two].map(holding);
    const { id } = await started(ids);
    await until(id, { waiting: 1, asked: 1 }, 0);
    const [waits] = await jobsOf(id, '&state=waiting');
    await world.database.db
      .updateTable('hosts')
      .set({ left_at: world.clock.now() })
      .where('id', '=', waits?.host_id ?? '')
      .execute();
    for (const let_go of release) let_go();
    await until(id, { accepted: 1, not_asked: 1 });
    expect((await jobsOf(id, '&state=not_asked'))[0]?.result?.message).toContain('left or was removed');
    const late = await known();
    const [lateId = ''] = await idsOf([late]);
    let second = '';
    await world.restart(async () => {
      second = await addWaiting(world, { id: lateId, fqdn: late.fqdn }, world.clock.now() - 25 * 3_600_000);
    });
    await until(second, { not_asked: 1 });
    expect((await jobsOf(second))[0]?.result?.message).toContain('not asked within a day');
    expect(late.jobsAsked()).toEqual([]);
  });

  it('whose answer is lost follows the rules of one host: the same key until the answer is known', async () => {
    const one = await known();
    one.lose(3);
    const { id } = await started(await idsOf([one]));
    await until(id, { accepted: 1 });
    expect(one.jobsAsked().length).toBeGreaterThan(1);
    expect(new Set(one.jobsAsked().map(({ headers }) => headers['idempotency-key']))).toEqual(new Set([id]));
  });

  it('tells who listens that jobs changed', async () => {
    const one = await known();
    const { headers } = await boundCaller(world, [], 'viewer');
    await using stream = await openEvents(world, '/api/v1/events', headers);
    await stream.hint();
    await started(await idsOf([one]));
    await expect
      .poll(async () => {
        await world.advance(1_000);
        return (await stream.hint()).changed;
      })
      .toContain('jobs');
  });

  it('takes ten thousand hosts in one go, and no more', async () => {
    const [like = ''] = await idsOf([await known()]);
    const ids = await addHosts(world, like, 10_001);
    expect((await start(ids)).status).toBe(400);
    const { id } = await started(ids.slice(1));
    const stopped = dataOf<FleetAct>(await stop(id));
    expect(stopped.hosts).toBe(10_000);
    expect(stopped.counts.not_asked).toBeGreaterThan(9_000);
    expect(stopped.counts.waiting).toBe(0);
  });
});

describe('a role for some hosts', () => {
  it('acts on them, sees of an act what is about them, and stops none that is for others as well', async () => {
    const [web, other] = [await known(), await known()];
    const [webId = '', otherId = ''] = await idsOf([web, other]);
    await world.admin('/groups', { name: 'web' });
    await world.admin('/groups/web/add', { hosts: web.fqdn });
    const caller = await boundCaller(world, [['operator', '@group:web']]);
    const wish = { operation: 'patch_apply', hosts: [webId, otherId] };
    // It is not there for them: no word of its name.
    const refused = await caller.call('POST', '/acts', wish);
    expect(faultOf(refused).slice(0, 2)).toEqual([404, 'HOST_NOT_FOUND']);
    expect(refused.text).not.toContain(other.fqdn);
    const own = await caller.call('POST', '/acts', { ...wish, hosts: [webId], search: 'group:web' });
    expect(dataOf<FleetAct>(own)).toMatchObject({ hosts: 1, search: 'group:web' });
    await until(dataOf<FleetAct>(own).id, { accepted: 1 });

    const alien = await started([otherId], { search: other.fqdn });
    expect((await caller.call('GET', `/acts/${alien.id}`)).status).toBe(404);
    expect((await caller.call('POST', `/acts/${alien.id}/stop`, {})).status).toBe(404);
    await until(alien.id, { accepted: 1 });

    const release = [web, other].map(holding);
    const both = await started([webId, otherId], { search: other.fqdn });
    await until(both.id, { waiting: 1, asked: 1 }, 0);
    const seen = await caller.call('GET', `/acts/${both.id}`);
    expect(dataOf<FleetAct>(seen)).toMatchObject({ hosts: 1, search: null });
    expect(seen.text).not.toContain(other.fqdn);
    const listed = dataOf<FleetActs>(await caller.call('GET', '/acts'));
    expect(listed.acts.map(({ id }) => id)).toEqual([both.id, dataOf<FleetAct>(own).id]);
    const [waits] = await jobsOf(both.id, '&state=waiting');
    const stopped = await caller.call('POST', `/acts/${both.id}/stop`, {});
    expect(stopped.status).toBe(waits?.host_id === webId ? 200 : 403);
    expect(stopped.text).not.toContain(other.fqdn);
    for (const let_go of release) let_go();
  });

  it('that only looks starts and stops nothing', async () => {
    const one = await known();
    const ids = await idsOf([one]);
    const caller = await boundCaller(world, [], 'viewer');
    const wish = { operation: 'patch_apply', hosts: ids };
    expect((await caller.call('POST', '/acts', wish)).status).toBe(403);
    const { id } = await started(ids);
    expect((await caller.call('POST', `/acts/${id}/stop`, {})).status).toBe(403);
  });
});
