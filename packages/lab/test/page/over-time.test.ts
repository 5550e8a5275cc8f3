import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FleetPage, letIn, openFleetPage } from './fleet-page.ts';
import { faultsOf, signIn } from './visit.ts';

const DAY_MS = 86_400_000;

let fleet: FleetPage;
beforeAll(async () => {
  fleet = await openFleetPage();
  await letIn(fleet);
  const database = new DatabaseSync(join(fleet.manager.root, 'var/lib/linux_patch_manager/manager.sqlite'));
  const today = Math.floor(Date.now() / DAY_MS);
  // The day before yesterday no manager ran.
  for (const [ago, current, behind] of [
    [40, 1, 1],
    [4, 3, 2],
    [3, 2, 3],
    [1, 1, 4],
  ] as const) {
    const columns = {
      day: today - ago,
      at: (today - ago) * DAY_MS,
      hosts_current: current,
      hosts_behind: behind,
      hosts_unknown: 0,
      hosts_security: behind,
      updates: 7 * behind,
      security_updates: behind,
      certificates_none: 0,
      certificates_expired: 0,
      certificates_week: 0,
      certificates_month: 0,
      certificates_later: 5,
    };
    const names = Object.keys(columns);
    database
      .prepare(`insert into fleet_daily (${names.join()}) values (${names.map(() => '?').join()})`)
      .run(...Object.values(columns));
  }
  database.close();
});
afterAll(() => fleet[Symbol.asyncDispose]());

describe('How the fleet fared', () => {
  it.each([
    ['light', 1280],
    ['dark', 360],
  ] as const)('is drawn, and said in words and numbers beside; %s, %i px', async (colorScheme, width) => {
    await using window = await fleet.open({ colorScheme, viewport: { width, height: 740 } });
    const { page, complaints } = window;
    await signIn(page, 'vera');
    const hosts = page.getByRole('region', { name: 'Hosts', exact: true });
    const drawing = hosts.getByRole('img', { name: /^Hosts: current \d, down from 3; behind \d/ });
    await drawing.waitFor();
    expect(Number(await drawing.locator('canvas').getAttribute('width'))).toBeGreaterThan(200);
    await hosts.getByText('The numbers').click();
    const rows = hosts.getByRole('region', { name: 'Hosts, the numbers' }).getByRole('row');
    const day = new Date(Date.now() - 3 * DAY_MS).toISOString().slice(0, 10);
    expect(await rows.filter({ hasText: day }).textContent()).toBe(`${day}2303`);
    expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
    expect(await faultsOf(page)).toEqual([]);
    await page.getByLabel('The last').selectOption('90');
    await hosts.getByRole('img', { name: /current \d, as before|current \d, (?:up|down) from 1;/ }).waitFor();
    expect(complaints).toEqual([]);
  });
});
