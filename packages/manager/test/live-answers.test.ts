import type { FleetInventory, Plan } from '@linux-patch/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentJob } from './agent-job.ts';
import { openEvents } from './event-stream.ts';
import {
  dataOf,
  FRESH,
  has,
  installed,
  inventoryWorld,
  joinListed,
  type ListedHost,
  nextListingOf,
  waiting,
} from './listed-hosts.ts';
import type { World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await inventoryWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const UPDATES = '/api/v1/patches';
const EXPLAINED = `${UPDATES}?explain=true`;
const PACKAGES = [installed('curl', '1'), installed('nginx', '1')];

const stateOf = async ({ fqdn }: ListedHost) => {
  const { hosts } = dataOf<FleetInventory>(await world.admin('/inventory'));
  const { state, updates } = hosts.find((one) => one.fqdn === fqdn) ?? {};
  return [state, updates];
};
/** Asks the host itself, and waits until all that follows from its answer is done. */
const askNow = async ({ fqdn }: ListedHost, question = '/patches?explain=true', body?: object) => {
  const answer = await world.admin(`/hosts/${fqdn}${question}`, body);
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  await world.atRest();
};
/** How often it was asked for what waits by a listing, and not by a person. */
const listings = ({ asked }: ListedHost) => asked.filter(({ path }) => path === UPDATES).length;

/** From now on the host has these updates, also for who asks for reasons. */
function waits(host: ListedHost, ...patches: readonly object[]) {
  has(host, PACKAGES, patches);
  host.tell(EXPLAINED, host.said(UPDATES) ?? {});
}

const step = (name: string, to: string, action: 'upgrade' | 'downgrade' = 'upgrade') => ({
  action,
  name,
  architecture: 'amd64',
  from: '1',
  to,
  purge: false,
  asked: true,
});
const plan = (more: object): Plan => ({
  plan_hash: 'a'.repeat(64),
  steps: [],
  new_packages: [],
  removed_packages: [],
  left_out: [],
  download_bytes: null,
  disk_bytes: null,
  reboot: 'no',
  busy: null,
  planned_at: '2026-11-28T09:00:00.000Z',
  lists: FRESH as unknown as Plan['lists'],
  ...more,
});

describe('what a host says when somebody asks it', () => {
  it('is on record right after, where its record says something else', async () => {
    await using host = await joinListed(world, PACKAGES);
    await using other = await joinListed(world, PACKAGES);
    expect(await stateOf(host)).toEqual(['current', 0]);
    waits(host, waiting('curl', '1', '2'));
    waits(other, waiting('curl', '1', '2'));
    await askNow(host);
    expect(await stateOf(host)).toEqual(['behind', 1]);
    // Nobody asked that one.
    expect(await stateOf(other)).toEqual(['current', 0]);
  });

  it('is told to whoever looks at the records', async () => {
    await using host = await joinListed(world, PACKAGES);
    const token = dataOf<{ secret: string }>(await world.admin('/api-tokens', { name: 'w', role: 'viewer' }));
    await using stream = await openEvents(world, '/api/v1/events', {
      authorization: `Bearer ${token.secret}`,
    });
    await stream.hint();
    waits(host, waiting('curl', '1', '2'));
    await askNow(host);
    await world.advance(1_000);
    expect((await stream.hint()).changed).toContain('packages');
  });

  it('makes no listing while it is what is on record, however often a page asks', async () => {
    await using host = await joinListed(world, PACKAGES, [waiting('curl', '1', '2')]);
    waits(host, waiting('curl', '1', '2'));
    const before = listings(host);
    for (let time = 0; time < 3; time += 1) await askNow(host);
    await askNow(host, '/packages');
    expect(listings(host)).toBe(before);
  });

  it('makes one listing for one difference, also where that does not end it', async () => {
    await using host = await joinListed(world, PACKAGES);
    waits(host, waiting('curl', '1', '2'));
    // The next listing does not have it.
    has(host, PACKAGES);
    const before = listings(host);
    for (let time = 0; time < 5; time += 1) await askNow(host);
    expect(listings(host)).toBe(before + 1);
    expect(await stateOf(host)).toEqual(['current', 0]);
    waits(host, waiting('curl', '1', '3'));
    await askNow(host);
    expect(listings(host)).toBe(before + 2);
    expect(await stateOf(host)).toEqual(['behind', 1]);
  });

  it('counts where it narrows the question only as far as it goes', async () => {
    await using host = await joinListed(world, PACKAGES, [waiting('curl', '1', '2')]);
    const before = listings(host);
    has(host, PACKAGES, [waiting('curl', '1', '2')]);
    const none = { ...host.said(UPDATES), patches: [], total: 0 };
    host.tell(`${UPDATES}?security=true`, none);
    await askNow(host, '/patches?security=true');
    expect(listings(host)).toBe(before);
  });

  it('makes a host known again whose last listing failed', async () => {
    await using host = await joinListed(world, PACKAGES);
    host.fail(UPDATES, 'PKG_MANAGER_ERROR');
    await nextListingOf(world, host);
    expect(await stateOf(host)).toEqual(['unknown', 0]);
    waits(host);
    await askNow(host);
    expect(await stateOf(host)).toEqual(['current', 0]);
  });

  it('is a plan that takes what is not on record, or does not take what is', async () => {
    await using host = await joinListed(world, PACKAGES);
    const planned = `${UPDATES}/plan?refresh=true`;
    const askPlan = () => askNow(host, '/patches/plan?refresh=true', { all: true });
    waits(host, waiting('curl', '1', '2'));
    host.tell(planned, plan({ steps: [step('curl', '2')] }));
    await askPlan();
    expect(await stateOf(host)).toEqual(['behind', 1]);
    const before = listings(host);
    await askPlan();
    expect(listings(host)).toBe(before);
    waits(host);
    host.tell(planned, plan({}));
    await askPlan();
    expect(await stateOf(host)).toEqual(['current', 0]);
  });

  it('is not a plan for single packages that leaves the rest alone, nor one that goes back', async () => {
    await using host = await joinListed(world, PACKAGES, [
      waiting('curl', '1', '2'),
      waiting('nginx', '1', '2'),
    ]);
    const before = listings(host);
    host.tell(`${UPDATES}/plan`, plan({ steps: [step('curl', '2')] }));
    await askNow(host, '/patches/plan', { patches: ['curl'] });
    host.tell('/api/v1/packages/plan', plan({ steps: [step('curl', '0', 'downgrade')] }));
    await askNow(host, '/packages/plan', { operation: 'rollback', job_id: agentJob({}).job_id });
    expect(listings(host)).toBe(before);
  });

  it('waits for the end of a job of this manager, after which the host is listed anyway', async () => {
    await using host = await joinListed(world, PACKAGES, [waiting('curl', '1', '2')]);
    const job = agentJob({ status: 'running' });
    host.tell(`/api/v1/jobs/${job.job_id}`, job);
    expect((await world.admin(`/hosts/${host.fqdn}/patches/apply`, { all: true })).status).toBe(202);
    await world.atRest();
    waits(host);
    const before = listings(host);
    await askNow(host);
    expect(listings(host)).toBe(before);
  });
});
