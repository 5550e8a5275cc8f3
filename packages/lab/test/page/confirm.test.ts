import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ManagerPage, openManagerPage } from './manager-page.ts';
import { faultsOf, isAsWideAs, signInAs, signInForm } from './walk.ts';

let world: ManagerPage;
beforeAll(async () => {
  world = await openManagerPage({ ada: 'admin', bob: 'viewer' });
});
afterAll(() => world[Symbol.asyncDispose]());

const question = (page: Page) => page.getByRole('alertdialog', { name: 'Remove bob?' });
const opener = (page: Page) => page.getByRole('button', { name: 'Remove bob …' });
const focused = (page: Page) => page.evaluate('document.activeElement.textContent');

async function openBob(page: Page): Promise<void> {
  await page.goto('/settings/people/bob');
  await signInAs(page, 'ada');
  await opener(page).focus();
  await page.keyboard.press('Enter');
  await question(page).waitFor();
}

describe('A question before something that cannot be taken back', () => {
  it('says what happens to whom, keeps the keyboard to itself, and gives the focus back', async () => {
    await using window = await world.open({ viewport: { width: 360, height: 740 } });
    const { page, complaints } = window;
    await openBob(page);
    expect(await question(page).textContent()).toContain('bob is signed out everywhere and gone for good');
    expect(await faultsOf(page)).toEqual([]);
    expect(await isAsWideAs(page, 360)).toBe(true);
    // Who types Enter out of habit does nothing.
    await page.keyboard.press('Enter');
    const walked: unknown[] = [];
    for (let time = 0; time < 2; time += 1) {
      await page.keyboard.press('Tab');
      walked.push(await focused(page));
    }
    expect(walked).toEqual(['Leave it', 'Remove bob']);
    await page.keyboard.press('Escape');
    await question(page).waitFor({ state: 'detached' });
    expect(await focused(page)).toBe('Remove bob …');
    await page.keyboard.press('Enter');
    await question(page).getByRole('button', { name: 'Leave it' }).click();
    expect(await focused(page)).toBe('Remove bob …');
    expect(complaints).toEqual([]);
  });

  it('stays when the session ends meanwhile, behind a sign-in that can be used', async () => {
    await using window = await world.open();
    const { page, context } = window;
    await openBob(page);
    await context.clearCookies();
    await question(page).getByRole('button', { name: 'Remove bob' }).click();
    await page.getByText('Your session is over.').waitFor();
    await signInAs(page, 'ada');
    await signInForm(page).waitFor({ state: 'detached' });
    await question(page).getByRole('button', { name: 'Remove bob' }).click();
    await question(page).waitFor({ state: 'detached' });
    const { people } = (await world.manager.json('people', 'list')) as {
      readonly people: readonly { readonly name: string; readonly state: string }[];
    };
    expect(people.filter(({ name, state }) => name === 'bob' && state === 'active')).toEqual([]);
  });
});
