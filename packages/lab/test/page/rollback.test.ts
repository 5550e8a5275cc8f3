import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FleetPage, letIn, openFleetPage } from './fleet-page.ts';
import { faultsOf } from './screen-readers.ts';
import { heading, signIn, whyNot } from './visit.ts';

let fleet: FleetPage;
let name: string;
let job: string;
beforeAll(async () => {
  fleet = await openFleetPage();
  ({ name } = fleet.host);
  await letIn(fleet);
  const done = (await fleet.manager.json('patch', name, '--all', '--wait')) as { readonly job_id: string };
  job = done.job_id;
});
afterAll(() => fleet[Symbol.asyncDispose]());

const SHOW = 'Show what rolling it back would do';

const askedBy = (page: Page) => page.locator('dt:has-text("Asked for by") + dd').textContent();

describe('A job that has ended', () => {
  it('says to a viewer what rolling it back would do, and why that is not theirs', async () => {
    await using window = await fleet.open();
    const { page } = window;
    await signIn(page, 'vera');
    await page.goto(`/hosts/${name}/jobs/${job}`);
    await page.getByRole('button', { name: SHOW }).click();
    await page.getByRole('region', { name: 'What would be done' }).waitFor();
    expect(await whyNot(page, 'Roll back ')).toContain('Your role, viewer');
    await expect.poll(() => askedBy(page)).toMatch(/^root on the manager/);
    expect(await page.getByText('↩ Rolled back').count()).toBe(0);
  });

  it.each([
    ['light', 1280],
    ['dark', 360],
  ] as const)('is rolled back as it was planned, after a question; %s, %i px', async (colorScheme, width) => {
    await using window = await fleet.open({ colorScheme, viewport: { width, height: 740 } });
    const { page, complaints } = window;
    const isFit = async (): Promise<void> => {
      expect(await faultsOf(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
    };
    await signIn(page, 'ada');
    await page.goto(`/hosts/${name}/jobs/${job}`);
    await page.getByRole('button', { name: SHOW }).click();
    const steps = page.getByRole('region', { name: 'What would be done' });
    await steps.waitFor();
    expect(await steps.textContent()).toMatch(/toyhello.*1\.0-1/);
    await page.getByText('It takes back 1 security fix: toylib.').waitFor();
    const fix = steps.getByRole('row', { name: /toylib/ });
    expect(await fix.getByRole('cell', { name: '✖ takes a fix back' }).count()).toBe(1);
    await isFit();
    await page.getByRole('button', { name: /^Roll back \d packages? on / }).click();
    const question = page.getByRole('alertdialog', { name: `Roll this job back on ${name}?` });
    await isFit();
    await question.getByRole('button', { name: `Yes, roll it back on ${name}` }).click();
    await heading(page, `roll back on ${name}`).waitFor();
    await page.getByText('✓ Done').waitFor();
    const results = page.getByRole('region', { name: 'What became of each package' });
    expect(await results.textContent()).toMatch(/toyhello.*1\.0-1/);
    await isFit();
    await expect.poll(() => askedBy(page)).toBe('ada');
    const rollback = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    await page.getByRole('link', { name: job }).click();
    await heading(page, `install updates on ${name}`).waitFor();
    await page.getByText('↩ Rolled back').waitFor();
    await page.getByRole('link', { name: rollback }).waitFor();
    // It is as it was before the job; what that did is done again for the next one.
    await page.getByRole('button', { name: SHOW }).click();
    await page.getByText('Nothing would be changed.').first().waitFor();
    expect(await whyNot(page, 'Roll this job back')).toContain('It was rolled back already');
    await isFit();
    expect(complaints).toEqual([]);
    await fleet.manager.json('patch', name, '--all', '--wait');
  });
});
