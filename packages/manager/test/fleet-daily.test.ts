import { DAY_MS, type FleetHistory, HOUR_MS } from '@linux-patch/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CertificateRow, HostRow } from '../src/database/schema.ts';
import { keepDay, readDays } from '../src/inventory/fleet-daily.ts';
import { dataOf } from './listed-hosts.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let startedMs: number;
beforeEach(async () => {
  world = await startWorld();
  startedMs = world.clock.now();
  // The manager has looked for the first time.
  await expect.poll(async () => (await history()).length).toBe(1);
});
afterEach(() => world[Symbol.asyncDispose]());

const history = async (query = '') =>
  dataOf<FleetHistory>(await world.admin(`/inventory/history${query}`)).days;
const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

const HOST = {
  hostname: null,
  machine_id: 'm',
  ip_address: '10.0.0.1',
  agent_port: 12443,
  os_details: '{}',
  key_origin: 'host',
  created_at: 1,
  last_seen_at: null,
  last_error: null,
  left_at: null,
} satisfies Partial<HostRow>;

const CERTIFICATE = {
  kind: 'agent',
  subject: 's',
  spki_sha256: 'k',
  not_before: 1,
  issued_at: 1,
  revoked_at: null,
  revoke_reason: null,
  renew_at: null,
  renewed_from: null,
} satisfies Partial<CertificateRow>;

interface Fared {
  readonly left?: boolean;
  /** Listed so long ago. */
  readonly listedMs?: number;
  readonly updates?: number;
  readonly security?: number;
  /** Time that is left of each certificate; a negative one is revoked. */
  readonly certificates?: readonly { readonly leftMs: number; readonly revoked?: true }[];
}

/** Writes down a host that fares so. */
async function hostThat(id: string, fared: Fared): Promise<void> {
  const { db } = world.database;
  const nowMs = world.clock.now();
  await db
    .insertInto('hosts')
    .values({ ...HOST, id, fqdn: `${id}.example.test`, left_at: fared.left ? nowMs : null })
    .execute();
  for (const [index, { leftMs, revoked }] of (fared.certificates ?? []).entries()) {
    const row = { ...CERTIFICATE, serial: `${id}${index}`, host_id: id, not_after: nowMs + leftMs };
    await db
      .insertInto('certificates')
      .values({ ...row, revoked_at: revoked ? nowMs : null })
      .execute();
  }
  if (fared.listedMs === undefined) return;
  const at = nowMs - fared.listedMs;
  await db
    .insertInto('package_sets')
    .values({
      host_id: id,
      eco: 'dpkg',
      rev: 1,
      hash: null,
      listed_at: at,
      checked_at: at,
      list_error: null,
      doubt: null,
      packages: 1,
      updates: fared.updates ?? 0,
      security_updates: fared.security ?? 0,
      revision: null,
      packages_etag: null,
      updates_etag: null,
      new_rows_day: 0,
      new_rows: 0,
      ids: new Uint8Array([1]),
    })
    .execute();
}

/** Keeps the day as the manager does, so many days later. */
async function keepAfter(days: number): Promise<number> {
  const { db } = world.database;
  const nowMs = world.clock.now() + days * DAY_MS;
  await keepDay({ db, reads: db }, { nowMs, lifeMs: 2 * HOUR_MS + days * DAY_MS });
  return nowMs;
}

describe('how the fleet fared', () => {
  it('is kept at the start of the manager and every hour, as that of the day on which it is', async () => {
    expect(await history()).toMatchObject([
      { day: dayOf(world.clock.now()), hosts: 0, updates: 0, certificates: { none: 0, later: 0 } },
    ]);
    await hostThat('one', {});
    await world.restart();
    const nowMs = await keepAfter(0);
    expect(await history()).toMatchObject([{ hosts: 1, at: new Date(nowMs).toISOString() }]);
    const first = dayOf(nowMs);
    expect((await world.admin('/inventory/history?days=0')).status).toBe(400);
    await expect
      .poll(async () => {
        await world.advance(HOUR_MS);
        return (await history()).length;
      })
      .toBeGreaterThan(1);
    const [before, after] = await history();
    expect([before?.hosts, after?.hosts]).toEqual([1, 1]);
    // The last look of the first day, and not one of the day after it.
    expect(before?.day).toBe(first);
    expect(dayOf(Date.parse(before?.at ?? ''))).toBe(first);
    expect((await history('?days=1')).map(({ day }) => day)).toEqual([dayOf(world.clock.now())]);
  });

  it('that cannot be kept is said once an hour, and keeps nothing else from being done', async () => {
    await world.database.db.schema.dropTable('fleet_daily').execute();
    const failures = () =>
      world.logger.records.filter(({ message }) => message.includes('hourly upkeep failed'));
    await world.restart();
    await expect.poll(() => failures().length).toBe(1);
    await expect
      .poll(async () => {
        await world.advance(HOUR_MS);
        return failures().length;
      })
      .toBeGreaterThan(1);
    const hours = (world.clock.now() - startedMs) / HOUR_MS;
    expect(failures().length).toBeLessThanOrEqual(hours + 1);
  });

  it('has hosts by state, what waits on all, and certificates by the time that is left of the newest', async () => {
    await hostThat('current', { listedMs: HOUR_MS, certificates: [{ leftMs: 90 * DAY_MS }] });
    await hostThat('behind', {
      listedMs: HOUR_MS,
      updates: 5,
      security: 2,
      certificates: [{ leftMs: DAY_MS }, { leftMs: 8 * DAY_MS }],
    });
    await hostThat('late', {
      listedMs: 3 * HOUR_MS,
      updates: 7,
      certificates: [{ leftMs: 3 * DAY_MS }, { leftMs: 90 * DAY_MS, revoked: true }],
    });
    await hostThat('never', { certificates: [{ leftMs: -HOUR_MS }] });
    await hostThat('bare', {});
    await hostThat('gone', { left: true, listedMs: HOUR_MS, updates: 9, certificates: [{ leftMs: DAY_MS }] });
    const { db } = world.database;
    await db.deleteFrom('fleet_daily').execute();
    const nowMs = await keepAfter(0);
    expect(await readDays(db, { nowMs }, 1)).toEqual([
      {
        day: dayOf(nowMs),
        at: new Date(nowMs).toISOString(),
        hosts: 5,
        current: 1,
        behind: 1,
        unknown: 3,
        security: 1,
        updates: 12,
        security_updates: 2,
        certificates: { none: 1, expired: 1, week: 1, month: 1, later: 1 },
      },
    ]);
    await keepAfter(3);
    const days = await readDays(db, { nowMs: nowMs + 3 * DAY_MS }, 4);
    expect(days.map(({ day }) => day)).toEqual([dayOf(nowMs), dayOf(nowMs + 3 * DAY_MS)]);
    expect(await readDays(db, { nowMs: nowMs + 3 * DAY_MS }, 3)).toHaveLength(1);
  });
});
