import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { movableClock } from '../../src/fake-time.ts';
import { PASSWORD } from './fleet-page.ts';
import { type ManagerPage, openManagerPage } from './manager-page.ts';
import { faultsOf } from './screen-readers.ts';
import { isAsWideAs, signInAs } from './walk.ts';

/** Longer than a proof counts. */
const LATER_SECONDS = 660;

let world: ManagerPage;
let aheadSeconds = 0;

beforeAll(async () => {
  world = await openManagerPage({ ada: 'admin', tess: 'operator', vera: 'viewer' }, { name: 'localhost' });
  await writeFile(join(world.manager.root, 'time'), '+0\n');
  await world.manager.kill();
  await world.manager.start(movableClock(join(world.manager.root, 'time')));
});
afterAll(() => world[Symbol.asyncDispose]());

/** The clock of the manager goes on, and with it whom it believes. */
async function passTime(): Promise<void> {
  aheadSeconds += LATER_SECONDS;
  await writeFile(join(world.manager.root, 'time'), `+${aheadSeconds}\n`);
}

/** Chromium's own authenticator, as one that is built into a computer (https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/). */
async function plugIn(page: Page): Promise<{ readonly cdp: CDPSession; readonly authenticatorId: string }> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { cdp, authenticatorId };
}

async function addPasskey(page: Page, name: string): Promise<void> {
  await page.getByLabel('Name of the new passkey').fill(name);
  await page.keyboard.press('Enter');
  await page.getByRole('cell', { name, exact: true }).waitFor();
}

const dashboard = (page: Page) => page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();

describe('A passkey', () => {
  it('is added, signs in without a name, is a proof that it is them, and is removed', async () => {
    await using window = await world.open();
    const { page, context, complaints } = window;
    await plugIn(page);
    await page.goto('/account');
    await signInAs(page, 'ada');
    await addPasskey(page, 'telephone');
    const codes = page.getByLabel('Recovery codes');
    expect(String(await codes.textContent()).split('\n')).toHaveLength(10);
    expect(await faultsOf(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await isAsWideAs(page, 360)).toBe(true);
    await page.setViewportSize({ width: 1280, height: 720 });

    await context.clearCookies();
    await page.goto('/settings/people');
    await page.getByRole('button', { name: 'Use a passkey' }).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('row', { name: /^ada/ }).getByText('✓ 1 passkey').waitFor();
    await page.getByText('ada · admin').waitFor();

    await page.getByLabel('Name', { exact: true }).fill('eve');
    await page.getByLabel('Role').selectOption('operator');
    await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
    await page.getByLabel('The new password again').fill(PASSWORD);
    await passTime();
    await page.keyboard.press('Enter');
    const isItYou = page.getByRole('alert').filter({ hasText: 'Is it you?' });
    await isItYou.getByLabel('Recovery code').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await isItYou.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByText('eve may sign in now.').waitFor();

    await page.goto('/account');
    await page.getByRole('button', { name: 'Remove telephone' }).click();
    const question = page.getByRole('alertdialog', { name: 'Remove the passkey telephone?' });
    await question.getByText('Your password alone signs you in again').waitFor();
    await question.getByRole('button', { name: 'Remove telephone' }).click();
    await page.getByText('You have no passkey.', { exact: true }).waitFor();
    await context.clearCookies();
    await page.goto('/');
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByText('This manager does not know this passkey').waitFor();
    await signInAs(page, 'ada');
    await dashboard(page);
    expect(complaints).toEqual([]);
  });

  it('takes from the password that it signs in alone; a recovery code does when the passkey is lost', async () => {
    await using window = await world.open();
    const { page, context } = window;
    const { cdp, authenticatorId } = await plugIn(page);
    await page.goto('/account');
    await signInAs(page, 'tess');
    await addPasskey(page, 'key ring');
    const [recovery = ''] = String(await page.getByLabel('Recovery codes').textContent()).split('\n');
    await cdp.send('WebAuthn.clearCredentials', { authenticatorId });
    await context.clearCookies();
    await page.goto('/');
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByText('No passkey was used').waitFor();
    await signInAs(page, 'tess');
    await page.getByText('use your passkey, which takes no password').waitFor();
    await page.getByLabel('Code').fill(recovery);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await dashboard(page);
  });

  it('that would not know who uses it is refused with what to do', async () => {
    await using window = await world.open();
    const { page } = window;
    const { cdp, authenticatorId } = await plugIn(page);
    await page.goto('/account');
    await signInAs(page, 'vera');
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await page.getByLabel('Name of the new passkey').fill('no finger');
    await page.keyboard.press('Enter');
    await page.getByText(/Nothing was done\.$/).waitFor();
    await page.getByText('You have no passkey.', { exact: true }).waitFor();
  });
});

describe('A browser', () => {
  it('without WebAuthn says so where a passkey would be used, and a password signs in', async () => {
    await using window = await world.open();
    const { page, complaints } = window;
    await page.addInitScript('delete globalThis.PublicKeyCredential');
    await page.goto('/account');
    await page.getByText('This browser has no passkeys (WebAuthn)').waitFor();
    const use = page.getByRole('button', { name: 'Use a passkey' });
    expect(await use.getAttribute('aria-disabled')).toBe('true');
    expect(await faultsOf(page)).toEqual([]);
    await signInAs(page, 'vera');
    const add = page.getByRole('button', { name: 'Add a passkey' });
    await add.waitFor();
    expect(await add.getAttribute('aria-disabled')).toBe('true');
    await page.getByText('This browser has no passkeys (WebAuthn)').waitFor();
    expect(complaints).toEqual([]);
  });

  it('at the IP address of the manager is told at which name passkeys count', async () => {
    await using window = await world.open();
    const { page } = window;
    await page.goto(world.manager.url.replace('localhost', '127.0.0.1'));
    await page.getByText(`Browsers have no passkeys for IP addresses`).waitFor();
    await page.getByText(`Open it at ${world.manager.url}.`).waitFor();
  });
});
