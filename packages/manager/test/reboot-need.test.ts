import type { Host } from '@linux-patch/contract';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { dataOf, installed, inventoryWorld, joinListed, nextListingOf } from './listed-hosts.ts';
import type { World } from './world.ts';

const INFO = '/api/v1/system/info';

let world: World;
beforeEach(async () => {
  world = await inventoryWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const rebootOf = async (fqdn: string) => dataOf<Host>(await world.admin(`/hosts/${fqdn}`)).reboot;
const metric = async (needed: string) =>
  new RegExp(`^linux_patch_manager_hosts_reboot_needed\\{needed="${needed}"\\} (\\d+)$`, 'm').exec(
    await world.adminText('/metrics'),
  )?.[1];

it('whether a host needs a reboot, and why, is what it said when it was listed last', async () => {
  await using host = await joinListed(world, [installed('linux-image', '1')]);
  // An agent that does not say so is not known to need none.
  expect(await rebootOf(host.fqdn)).toEqual({ needed: null, reasons: [], said_at: null });
  expect([await metric('yes'), await metric('no'), await metric('unknown')]).toEqual(['0', '0', '1']);
  const reasons = ['the kernel 6.2 is newer than 6.1, which runs', 'x'.repeat(1_000)];
  host.tell(INFO, { package_manager: 'apt', pending_reboot: true, reboot_reasons: reasons });
  await nextListingOf(world, host);
  expect(await rebootOf(host.fqdn)).toEqual({
    needed: true,
    reasons: [reasons[0], 'x'.repeat(300)],
    said_at: expect.any(String),
  });
  expect(await metric('yes')).toBe('1');
  host.tell(INFO, { package_manager: 'apt', pending_reboot: false, reboot_reasons: [] });
  await nextListingOf(world, host);
  expect(await rebootOf(host.fqdn)).toMatchObject({ needed: false, reasons: [] });
  expect(await metric('no')).toBe('1');
  host.fail(INFO, 'INTERNAL_ERROR');
  await nextListingOf(world, host);
  expect(await rebootOf(host.fqdn)).toMatchObject({ needed: null });
});
