import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { movableClock } from '../../src/fake-time.ts';
import { PASSWORD } from './fleet-page.ts';
import { type ManagerPage, openManagerPage } from './manager-page.ts';
import { faultsOf } from './screen-readers.ts';
import { codeOf } from './totp.ts';
import { signInAs } from './walk.ts';

const STEP_SECONDS = 30;
/** Longer than a proof counts. */
const LATER_SECONDS = 660;

let world: ManagerPage;
let aheadSeconds = 0;

/** The clock of the manager goes on, and with it whom it believes. */
async function passTime(): Promise<void> {
  aheadSeconds += LATER_SECONDS;
  await writeFile(join(world.manager.root, 'time'), `+${aheadSeconds}\n`);
}

beforeAll(async () => {
  world = await openManagerPage({ ada: 'admin', tess: 'operator', vera: 'viewer' });
  await writeFile(join(world.manager.root, 'time'), '+0\n');
  await world.manager.kill();
  await world.manager.start(movableClock(join(world.manager.root, 'time')));
});
afterAll(() => world[Symbol.asyncDispose]());

const isItYou = (within: Page | Locator): Locator =>
  within.getByRole('alert').filter({ hasText: 'Is it you?' });

describe('A proof that it is still them', () => {
  it('is asked for beside what was typed, and then the person is made that was meant', async () => {
    await using window = await world.open();
    const { page, complaints } = window;
    await page.goto('/settings/people');
    await signInAs(page, 'ada');
    await page.getByLabel('Name', { exact: true }).fill('eve');
    await page.getByLabel('Role').selectOption('operator');
    await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
    await page.getByLabel('The new password again').fill(PASSWORD);
    await passTime();
    await page.keyboard.press('Enter');
    await isItYou(page).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    // The field has the focus: who came by keyboard goes on by keyboard.
    await page.keyboard.type('not my password');
    await page.keyboard.press('Enter');
    await isItYou(page).getByText('The password is wrong.').waitFor();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('eve');
    // What is typed for the next one meanwhile neither changes this one nor is lost.
    await page.getByLabel('Name', { exact: true }).fill('mallory');
    await page.getByLabel('Role').selectOption('admin');
    await isItYou(page).getByLabel('Your password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('eve may sign in now.').waitFor();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('mallory');
    expect(await page.getByRole('row', { name: /^eve/ }).textContent()).toContain('operator');
    expect(await page.getByRole('row', { name: /^mallory/ }).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('is asked for in the question before an act, which is done then, and once in ten minutes', async () => {
    await using window = await world.open();
    const { page, complaints } = window;
    await page.goto('/settings/people/vera');
    await signInAs(page, 'ada');
    await page.getByLabel('Role').selectOption('operator');
    await passTime();
    await page.getByRole('button', { name: 'Give vera the role operator' }).click();
    const question = page.getByRole('alertdialog', { name: 'Give vera the role operator?' });
    await question.getByRole('button', { name: 'Give vera the role operator' }).click();
    await isItYou(question).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await question.waitFor({ state: 'detached' });
    await page.getByText('vera has this role.').waitFor();
    await page.getByRole('button', { name: 'Shut vera out …' }).click();
    const next = page.getByRole('alertdialog', { name: 'Shut vera out?' });
    await next.getByRole('button', { name: 'Shut vera out' }).click();
    await page.getByRole('button', { name: 'Let vera in again …' }).waitFor();
    expect(await isItYou(page).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('is a code where somebody signs in with one', async () => {
    await using window = await world.open();
    const { page, complaints } = window;
    await page.goto('/account');
    await signInAs(page, 'tess');
    await page.getByRole('button', { name: 'Set up an authenticator' }).click();
    const key = page.getByLabel('The key, for typing');
    await key.waitFor();
    const secret = String(await key.textContent());
    const code = () => codeOf(secret, aheadSeconds / STEP_SECONDS);
    await page.getByLabel('The code that it shows now').fill(code());
    await page.keyboard.press('Enter');
    await page.getByText('✓ Signing in takes a code of your authenticator.').waitFor();
    await page.goto('/queue/tokens');
    await page.getByLabel('Note').fill('for the lab');
    await passTime();
    await page.keyboard.press('Enter');
    await isItYou(page).getByLabel('Code of your authenticator').fill(code());
    await page.keyboard.press('Enter');
    await page.getByLabel('The join string alone').waitFor();
    await page.getByRole('cell', { name: 'for the lab' }).waitFor();
    expect(complaints).toEqual([]);
  });
});
