import { DAY_MS, type UpdateAges, type WaitingUpdates } from '@linux-patch/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  dataOf,
  has,
  installed,
  inventoryWorld,
  joinListed,
  nextListingOf,
  waiting,
} from './listed-hosts.ts';
import type { World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await inventoryWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const waits = async (query = '') => dataOf<WaitingUpdates>(await world.admin(`/inventory/updates${query}`));
/** `AGE: SECURITY+OTHER`, of those ages of which anything is. */
const ages = async () =>
  dataOf<UpdateAges>(await world.admin('/inventory/update-ages'))
    .ages.filter(({ security, other }) => security + other > 0)
    .map(({ age, security, other }) => `${age}: ${security}+${other}`);

/** As if everything that waits had been seen so many days earlier. */
async function waitedDays(days: number, name?: string): Promise<void> {
  const { db } = world.database;
  const rows = await db
    .selectFrom('host_updates')
    .innerJoin('package_versions', 'package_versions.id', 'candidate_id')
    .select(['host_id', 'candidate_id', 'waiting_since', 'name'])
    .execute();
  for (const row of rows.filter((one) => name === undefined || one.name === name))
    await db
      .updateTable('host_updates')
      .set({ waiting_since: row.waiting_since - days * DAY_MS })
      .where('host_id', '=', row.host_id)
      .where('candidate_id', '=', row.candidate_id)
      .execute();
}

describe('How long what waits has waited', () => {
  it('is told by age, security apart, each age with the list of it', async () => {
    const fix = waiting('openssl', '1', '2', { security: true });
    const packages = [installed('openssl', '1'), installed('vim', '1'), installed('nano', '1')];
    const unsaid = waiting('nano', '1', '2', { security_known: false });
    await using one = await joinListed(world, packages, [fix, waiting('vim', '1', '2'), unsaid]);
    await using two = await joinListed(world, packages, [fix]);
    expect([one.fqdn === two.fqdn, await ages()]).toEqual([false, ['day: 2+2']]);
    await waitedDays(8, 'openssl');
    await waitedDays(200, 'vim');
    expect(await ages()).toEqual(['day: 0+1', 'month: 2+0', 'older: 0+1']);
    for (const [query, name, times] of [
      ['?age=day', 'nano', 1],
      ['?age=month&security=true', 'openssl', 2],
      ['?age=older&security=false', 'vim', 1],
    ] as const)
      expect(await waits(query)).toMatchObject({
        total: 1,
        waiting: times,
        updates: [{ name, hosts: times }],
      });
    expect(await waits('?age=week')).toMatchObject({ total: 0, waiting: 0, updates: [] });
    // Behind the last page, too.
    expect(await waits('?offset=9')).toMatchObject({ total: 3, waiting: 4 });
    expect((await world.admin('/inventory/updates?age=year')).status).toBe(400);
  });

  it.each([
    [0, 'day'],
    [0.999, 'day'],
    [1, 'week'],
    [7, 'month'],
    [30, 'quarter'],
    [90, 'older'],
    // A clock that was set back.
    [-3, 'day'],
  ])('%d days are one age and no other: %s', async (days, age) => {
    await using host = await joinListed(world, [installed('vim', '1')], [waiting('vim', '1', '2')]);
    await world.database.db.updateTable('host_updates').set({ waiting_since: world.clock.now() }).execute();
    await waitedDays(days);
    expect([host.fqdn.length > 0, await ages()]).toEqual([true, [`${age}: 0+1`]]);
    for (const asked of ['day', 'week', 'month', 'quarter', 'older'])
      expect([asked, (await waits(`?age=${asked}`)).waiting]).toEqual([asked, asked === age ? 1 : 0]);
  });

  it('goes on when a newer version takes the place of the one that waited', async () => {
    await using host = await joinListed(world, [installed('vim', '1')], [waiting('vim', '1', '2')]);
    await waitedDays(40);
    const [before] = (await waits()).updates;
    has(host, [installed('vim', '1')], [waiting('vim', '1', '3')]);
    await nextListingOf(world, host);
    const [after] = (await waits()).updates;
    expect(after).toMatchObject({ version: '3', waiting_since: before?.waiting_since });
    expect(Date.parse(after?.first_seen_at ?? '')).toBeGreaterThan(Date.parse(before?.first_seen_at ?? ''));
    expect(await ages()).toEqual(['quarter: 0+1']);
  });

  it('begins anew with the first version that mends a security fault, and goes on with the next one', async () => {
    await using host = await joinListed(world, [installed('vim', '1')], [waiting('vim', '1', '2')]);
    await waitedDays(40);
    has(host, [installed('vim', '1')], [waiting('vim', '1', '3', { security: true })]);
    await nextListingOf(world, host);
    expect(await ages()).toEqual(['day: 1+0']);
    await waitedDays(8);
    has(host, [installed('vim', '1')], [waiting('vim', '1', '4', { security: true })]);
    await nextListingOf(world, host);
    expect(await ages()).toEqual(['month: 1+0']);
  });

  it('begins anew where the package was updated meanwhile', async () => {
    await using host = await joinListed(world, [installed('vim', '1')], [waiting('vim', '1', '2')]);
    await waitedDays(40);
    has(host, [installed('vim', '2')], [waiting('vim', '2', '3')]);
    await nextListingOf(world, host);
    expect(await ages()).toEqual(['day: 0+1']);
  });

  it('says nothing of hosts that left', async () => {
    await using host = await joinListed(world, [installed('vim', '1')], [waiting('vim', '1', '2')]);
    await world.database.db.updateTable('hosts').set({ left_at: world.clock.now() }).execute();
    expect([host.fqdn.length > 0, await ages()]).toEqual([true, []]);
  });
});
