import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD } from './fleet-page.ts';
import { type ManagerPage, openManagerPage } from './manager-page.ts';
import { faultsOf } from './screen-readers.ts';
import { isAsWideAs, signInAs, signInForm } from './walk.ts';

let world: ManagerPage;
beforeAll(async () => {
  world = await openManagerPage({ ada: 'admin', bob: 'viewer', carl: 'viewer' });
});
afterAll(() => world[Symbol.asyncDispose]());

const question = (page: Page) => page.getByRole('alertdialog', { name: 'Remove bob?' });
const opener = (page: Page) => page.getByRole('button', { name: 'Remove bob …' });
async function people() {
  const listed = (await world.manager.json('people', 'list')) as {
    readonly people: readonly { readonly name: string; readonly role: string; readonly state: string }[];
  };
  return listed.people.filter(({ state }) => state !== 'removed');
}
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
    expect((await people()).filter(({ name }) => name === 'bob')).toEqual([]);
  });
});

describe('What takes something from somebody, or gives them more, is asked about', () => {
  /** Presses and reads the question, then leaves it. */
  async function left(page: Page, button: Locator, title: string): Promise<string> {
    await button.click();
    const asked = page.getByRole('alertdialog', { name: title });
    const words = String(await asked.textContent());
    await asked.getByRole('button', { name: 'Leave it' }).click();
    await asked.waitFor({ state: 'detached' });
    return words;
  }

  it('a role, a password and the sessions of somebody else, and nothing is done when it is left', async () => {
    await using window = await world.open();
    await using other = await world.open();
    const { page, complaints } = window;
    await other.page.goto('/');
    await signInAs(other.page, 'carl');
    await other.page.getByText('carl · viewer').waitFor();
    await page.goto('/settings/people/carl');
    await signInAs(page, 'ada');
    const button = (name: string): Locator => page.getByRole('button', { name });
    await page.getByLabel('Role').selectOption('admin');
    const role = await left(page, button('Give carl the role admin'), 'Give carl the role admin?');
    expect(role).toContain('carl is viewer now. What admin means: May do everything');
    expect(role).toContain('The role viewer can be given back');
    await page.getByLabel('New password', { exact: true }).fill(`${PASSWORD}!`);
    await page.getByLabel('The new password again').fill(`${PASSWORD}!`);
    const reset = await left(page, button('Give carl this password'), 'Give carl this password?');
    expect(reset).toContain('signed out everywhere');
    expect(reset).toContain('This cannot be taken back.');
    expect(await page.getByLabel('The new password again').inputValue()).toBe(`${PASSWORD}!`);
    const one = 'End the session from 127.0.0.1';
    expect(await left(page, button(one), `${one} of carl?`)).toContain('carl can sign in again.');
    await left(page, button('End all of them'), 'End 1 session of carl?');
    expect(await faultsOf(page)).toEqual([]);
    await other.page.reload();
    await other.page.getByText('carl · viewer').waitFor();
    expect((await people()).find(({ name }) => name === 'carl')?.role).toBe('viewer');
    expect([...complaints, ...other.complaints]).toEqual([]);
  });

  it('letting somebody in again, who then may sign in', async () => {
    await using window = await world.open();
    const { page } = window;
    await world.manager.json('people', 'disable', 'carl');
    await page.goto('/settings/people/carl');
    await signInAs(page, 'ada');
    await page.getByRole('button', { name: 'Let carl in again …' }).click();
    const asked = page.getByRole('alertdialog', { name: 'Let carl in again?' });
    expect(await asked.textContent()).toContain('with the old password, as viewer');
    await asked.getByRole('button', { name: 'Let carl in again' }).click();
    await page.getByRole('button', { name: 'Shut carl out …' }).waitFor();
    expect((await people()).find(({ name }) => name === 'carl')?.state).toBe('active');
  });

  it('but not what somebody does to their own sessions', async () => {
    await using window = await world.open();
    await using other = await world.open();
    const { page } = window;
    for (const one of [other.page, page]) {
      await one.goto('/account');
      await signInAs(one, 'ada');
      await one.getByText('this one').waitFor();
    }
    await page.getByRole('button', { name: 'End all of them but this one' }).click();
    await page.getByRole('button', { name: 'End all of them but this one' }).waitFor({ state: 'detached' });
    await other.page.reload();
    await signInForm(other.page).waitFor();
  });
});
