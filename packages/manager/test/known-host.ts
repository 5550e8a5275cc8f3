import type { Host } from '@linux-patch/contract';
import { expect } from 'vitest';
import { joinListening } from './listening-agent.ts';
import type { World } from './world.ts';

/** The installation that a host says it is. */
export const INSTANCE = '5b0f3a52-8f6d-4c0e-9d61-2f7b1f0c8a11';

export const dataOf = <T>({ text }: { readonly text: string }): T => (JSON.parse(text) as { data: T }).data;

/** A host that was asked for its health, and said this. */
export async function knownHost(world: World, health: object = { instance_id: INSTANCE }) {
  const host = await joinListening(world);
  host.say(health);
  await world.advance(6_000);
  await expect
    .poll(async () => dataOf<Host>(await world.admin(`/hosts/${host.fqdn}`)).last_seen_at)
    .not.toBeNull();
  return host;
}

/** Asks for all updates of a host, under this name. */
export const applyAll = (world: World, fqdn: string, key?: string) =>
  world.local({
    path: `/api/v1/hosts/${fqdn}/patches/apply`,
    method: 'POST',
    headers: key === undefined ? {} : { 'idempotency-key': key },
    body: { all: true },
  });
