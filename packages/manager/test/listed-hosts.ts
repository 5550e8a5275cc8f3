import { vi } from 'vitest';
import { joinListening, LISTENING } from './listening-agent.ts';
import { startWorld, type World } from './world.ts';

export type ListedHost = Awaited<ReturnType<typeof joinListening>>;
/** What a host has, what waits on it, and what it says of its package lists. */
export type Facts = readonly [packages: readonly object[], patches?: readonly object[], lists?: object];

/** A manager that lists its hosts every hour. */
export const inventoryWorld = () => startWorld({ ...LISTENING, fleet: { inventory_minutes: 60 } });

export const dataOf = <T>({ text }: { readonly text: string }): T => (JSON.parse(text) as { data: T }).data;

/** Package lists of which nothing is wrong. */
export const FRESH = {
  status: 'fresh',
  message: 'ok',
  refreshed_at: '2026-11-28T09:00:00.000Z',
  sources: [],
};

/** A package in a listing. */
export const installed = (name: string, version: string, more: object = {}) => ({
  name,
  version,
  architecture: 'amd64',
  status: 'installed',
  source_name: name,
  source_version: version,
  ...more,
});
/** An update in a listing. */
export const waiting = (name: string, from: string, to: string, more: object = {}) => ({
  name,
  current_version: from,
  available_version: to,
  ...more,
});

/** Says what the host has and what waits on it. */
export function has(
  host: ListedHost,
  packages: readonly object[],
  patches: readonly object[] = [],
  lists: object = FRESH,
) {
  host.tell('/api/v1/packages', { packages, total: packages.length });
  host.tell('/api/v1/patches', {
    patches,
    total: patches.length,
    security_updates: 0,
    requires_reboot: false,
    listed_at: '2026-11-28T09:00:00.000Z',
    lists,
  });
}

/** A host with apt that has joined, says this, and was listed. */
export async function joinListed(world: World, ...facts: Facts) {
  const host = await joinListening(world);
  host.tell('/api/v1/system/info', { package_manager: 'apt' });
  has(host, ...facts);
  await listed(world, host, 15_000);
  return host;
}

/** Lets time pass until a host was listed once more, with or without success. */
export async function listed(world: World, { fqdn }: ListedHost, stepMs: number) {
  const { db } = world.database;
  const fromMs = world.clock.now();
  const checkedAt = async (): Promise<number> => {
    await world.advance(stepMs);
    const row = await db
      .selectFrom('package_sets')
      .innerJoin('hosts', 'hosts.id', 'package_sets.host_id')
      .select('checked_at')
      .where('fqdn', '=', fqdn)
      .executeTakeFirst();
    return row?.checked_at ?? 0;
  };
  // Worlds that several tests share are made outside of them, where `expect.poll` is refused.
  await vi.waitUntil(async () => (await checkedAt()) > fromMs, { timeout: 30_000 });
}

/** Waits for the listing of the next interval. */
export const nextListingOf = (world: World, host: ListedHost) => listed(world, host, 120_000);
