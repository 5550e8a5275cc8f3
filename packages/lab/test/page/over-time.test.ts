import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FleetPage, letIn, openFleetPage } from './fleet-page.ts';
import { faultsOf } from './screen-readers.ts';
import { signIn } from './visit.ts';

const DAY_MS = 86_400_000;

let fleet: FleetPage;

const openRecords = (): DatabaseSync =>
  new DatabaseSync(join(fleet.manager.root, 'var/lib/linux_patch_manager/manager.sqlite'));

beforeAll(async () => {
  fleet = await openFleetPage();
  await letIn(fleet);
  const database = openRecords();
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
    await page.getByText('The last day is today (UTC), so far').waitFor();
    expect(await page.getByText('Last updated').count()).toBe(1);
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

/** As if what waits of a package had been seen so long ago. */
function waitedDays(name: string, days: number): void {
  using database = openRecords();
  database
    .prepare(
      'update host_updates set waiting_since = ? where candidate_id in (select id from package_versions where name = ?)',
    )
    .run(Date.now() - days * DAY_MS, name);
}

describe('The updates of the fleet', () => {
  it('are by package at an address that says what no screen knows, and one tab is where one is', async () => {
    await using window = await fleet.open();
    const { page, complaints } = window;
    await signIn(page, 'vera');
    await page.goto('/updates?by=package&since=ever');
    await page.getByRole('region', { name: 'Updates by package' }).waitFor();
    await page.waitForURL('**/updates');
    const tabs = page.getByRole('navigation', { name: 'Updates by' });
    const current = (): Promise<string[]> => tabs.locator('[aria-current]').allTextContents();
    expect(await current()).toEqual(['By package']);
    await tabs.getByRole('link', { name: 'By host' }).click();
    await page.waitForURL('**/updates?by=host');
    expect(await current()).toEqual(['By host']);
    await page.getByLabel('Security updates only').check();
    await page.waitForURL('**/updates?by=host&security=yes');
    expect(await current()).toEqual(['By host']);
    expect(complaints).toEqual([]);
  });
});

describe('How long updates have waited', () => {
  it.each([
    ['light', 1280],
    ['dark', 360],
  ] as const)('is drawn by age, and each bar leads to its list; %s, %i px', async (colorScheme, width) => {
    await using window = await fleet.open({ colorScheme, viewport: { width, height: 740 } });
    const { page, complaints } = window;
    const isFit = async (): Promise<void> => {
      expect(await faultsOf(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
    };
    await signIn(page, 'vera');
    await page.goto('/updates');
    const listed = page.getByRole('region', { name: 'Updates by package' });
    await listed.getByRole('row', { name: /^toyapp / }).waitFor();
    waitedDays('toyapp', 40);
    await page.reload();
    const ages = page.getByRole('region', { name: 'How long they have waited' });
    const bar = ages.getByRole('link', { name: /^1 (other|security) updates?, 30 to 90 days$/ });
    await bar.waitFor();
    await ages.getByRole('row', { name: /^less than a day/ }).waitFor();
    await isFit();
    await bar.focus();
    await page.keyboard.press('Enter');
    await page.getByText('Only what is:').waitFor();
    await listed.getByRole('row', { name: /^toyapp .* 40 d ago$/ }).waitFor();
    expect(await listed.getByRole('row').count()).toBe(2);
    await isFit();
    await listed.getByRole('link', { name: '1 host' }).click();
    await page.getByRole('region', { name: 'Hosts on which toyapp waits' }).getByText('40 d ago').waitFor();
    await page.getByRole('link', { name: 'Whatever waits' }).click();
    await page.waitForURL('**/updates?package=toyapp');
    expect(complaints).toEqual([]);
  });
});
