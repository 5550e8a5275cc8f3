import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD } from './fleet-page.ts';
import { type ManagerPage, openManagerPage } from './manager-page.ts';
import { isCopied } from './pasted.ts';
import { faultsOf } from './screen-readers.ts';
import { isAsWideAs } from './walk.ts';

let world: ManagerPage;
beforeAll(async () => {
  world = await openManagerPage();
});
afterAll(() => world[Symbol.asyncDispose]());

const link = () => String(world.manager.setupLink);

describe('The link of init', () => {
  it('says what was wrong with it when its secret is another', async () => {
    await using window = await world.open();
    const { page } = window;
    await page.goto(`${link().slice(0, -4)}AAAA`);
    await page.getByLabel('Your name').fill('eve');
    await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
    await page.getByLabel('The new password again').fill(PASSWORD);
    await page.getByRole('button', { name: 'Begin' }).click();
    await page.getByText('This link makes nobody').waitFor();
    expect(await page.getByLabel('Your name').inputValue()).toBe('eve');
  });

  it('makes the first person by keyboard alone, who is signed in and told what comes next', async () => {
    await using window = await world.open({ viewport: { width: 360, height: 740 } });
    const { page, complaints } = window;
    await page.goto(link());
    const begin = page.getByRole('button', { name: 'Begin' });
    await begin.waitFor();
    expect(await begin.getAttribute('aria-disabled')).toBe('true');
    expect([await faultsOf(page), await isAsWideAs(page, 360)]).toEqual([[], true]);
    await page.keyboard.type('Ada');
    await page.getByLabel('New password', { exact: true }).focus();
    await page.keyboard.type('short');
    await page.getByText('Too short: 7 more.').first().waitFor();
    await page.keyboard.press('Control+A');
    await page.keyboard.type(PASSWORD);
    await page.getByText('Strong.').waitFor();
    await page.getByLabel('The new password again').focus();
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'What comes next' }).waitFor();
    await page.getByText('enrollment: { manager_url:').waitFor();
    expect(await page.getByText('ada · admin').count()).toBe(1);
    expect(page.url()).not.toContain('lpmf_');
    await isCopied(window, 'Line for config.yaml');
    expect([await faultsOf(page), await isAsWideAs(page, 360)]).toEqual([[], true]);
    expect(complaints).toEqual([]);
  });

  it('is in no log of the manager, and makes nobody again', async () => {
    const secret = link().split('#')[1] ?? '';
    expect(secret).toMatch(/^lpmf_.{40}/);
    const log = await readFile(join(world.manager.root, 'manager.log'), 'utf8');
    const audit = JSON.stringify(await world.manager.json('audit', 'list'));
    expect([log.includes(secret), audit.includes(secret), audit.includes('person_created')]).toEqual([
      false,
      false,
      true,
    ]);
    await using window = await world.open();
    const { page } = window;
    await page.goto(link());
    await page.getByLabel('Your name').fill('eve');
    await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
    await page.getByLabel('The new password again').fill(PASSWORD);
    await page.getByRole('button', { name: 'Begin' }).click();
    await page.getByText('there are people already').waitFor();
  });
});
