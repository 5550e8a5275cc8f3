import { freePort, temporaryFolder } from '@linux-patch/runtime/testing';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IdentityProvider, startIdentityProvider } from '../../../manager/test/identity-provider.ts';
import type { Window } from './fleet-page.ts';
import { type ManagerPage, openManagerPage } from './manager-page.ts';
import { faultsOf } from './screen-readers.ts';

const stack = new AsyncDisposableStack();
let provider: IdentityProvider;
let world: ManagerPage;

beforeAll(async () => {
  const port = await freePort();
  const { path: folder } = stack.use(await temporaryFolder());
  const origin = `https://localhost:${port}`;
  provider = stack.use(await startIdentityProvider(folder, `${origin}/sign-in/return`));
  const settings = Object.entries(provider.settings).map(([key, value]) => `  ${key}: ${String(value)}`);
  world = stack.use(
    await openManagerPage(
      { local: 'admin' },
      { name: 'localhost', port, configuration: ['oidc:', ...settings] },
    ),
  );
  await world.manager.json('people', 'create', 'ada', '--role', 'admin', '--oidc-subject', 'ada-there');
});
afterAll(() => stack.disposeAsync());

/** A window of somebody whose browser knows the provider, too. */
const open = (): Promise<Window> => world.open({ ignoreHTTPSErrors: true });

/** What the provider asks of somebody. */
async function signInThere(page: Page, login: string): Promise<void> {
  await page.getByPlaceholder('Enter any login').fill(login);
  await page.getByPlaceholder('and password').fill('any');
  await page.getByRole('button', { name: 'Sign-in' }).click();
}

const withProvider = (page: Page) =>
  page.getByRole('button', { name: 'Sign in with Example ID', exact: true });

describe('Signing in with the identity provider', () => {
  it('brings somebody back to where they wanted to be, and leaves nothing of it in the address', async () => {
    await using window = await open();
    const { page, complaints } = window;
    await page.goto('/settings/people?x=1');
    await withProvider(page).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await withProvider(page).click();
    await signInThere(page, 'ada-there');
    await page.getByRole('heading', { name: 'People', exact: true }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/settings/people');
    expect(page.url()).not.toMatch(/code=|state=/);
    const row = page.getByRole('row', { name: /^ada / });
    expect(await row.textContent()).toContain('localhost:');
    expect(await row.textContent()).toContain('as ada-there');
    await page.goto('/account');
    await page.getByText('You sign in with localhost').waitFor();
    expect(await page.getByText('New password').count()).toBe(0);
    expect(await faultsOf(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('tells who is not known here by what they can be made, and lets them in when they are', async () => {
    await using window = await open();
    const { page, complaints } = window;
    await page.goto('/');
    await withProvider(page).click();
    await signInThere(page, 'grace-there');
    const alert = page.getByRole('alert').filter({ hasText: 'You are not signed in' });
    await alert.getByText('--oidc-subject grace-there').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await world.manager.json(
      'people',
      'create',
      'grace',
      '--role',
      'viewer',
      '--oidc-subject',
      'grace-there',
    );
    await page.getByRole('button', { name: 'Sign in with Example ID again' }).click();
    await page.getByRole('navigation').first().waitFor();
    await page.getByText('grace').first().waitFor();
    expect(complaints).toEqual([]);
  });

  it('says where there is nothing to bring back', async () => {
    await using window = await open();
    const { page } = window;
    await page.goto('/sign-in/return?code=stolen&state=sign-in.none');
    await page.getByText('This was not begun in this browser').waitFor();
    expect(page.url()).not.toContain('stolen');
    await page.goto('/sign-in/return');
    await withProvider(page).waitFor();
  });
});

describe('Somebody of the identity provider', () => {
  it('shows there once more that it is them, in a window beside what was typed, and then it is done', async () => {
    await using window = await open();
    const { page, context, complaints } = window;
    await page.goto('/settings/people');
    await withProvider(page).click();
    await signInThere(page, 'ada-there');
    await page.getByLabel('Name', { exact: true }).fill('joan');
    await page.getByLabel('Signs in with Example ID, and has no password here').check();
    await page.getByLabel('Subject').fill('joan-there');
    await page.getByRole('button', { name: 'Make joan' }).click();
    await page.getByText('show Example ID once more that it is you').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    const opened = context.waitForEvent('page');
    await page.getByRole('button', { name: 'Show it with Example ID' }).click();
    const there = await opened;
    await page.getByText('Go on in the window that has opened').waitFor();
    await signInThere(there, 'ada-there');
    await page.getByText('joan may sign in now. They do with Example ID.').waitFor();
    await page.getByRole('row', { name: /^joan .*as joan-there/ }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('is no proof of who is signed in here when it is somebody else there', async () => {
    await using window = await open();
    const { page, context } = window;
    await page.goto('/queue/tokens');
    await withProvider(page).click();
    await signInThere(page, 'ada-there');
    await page.getByLabel('Note').fill('for the lab');
    await page.keyboard.press('Enter');
    const opened = context.waitForEvent('page');
    await page.getByRole('button', { name: 'Show it with Example ID' }).click();
    const there = await opened;
    await signInThere(there, 'somebody-else');
    await there.getByText('you are somebody else (somebody-else)').waitFor();
    await there.getByText('Close this window, and try again').waitFor();
    expect(await page.getByText('Go on in the window that has opened').count()).toBe(1);
  });

  it('signs in again in a window when the session is over, and what was typed stays', async () => {
    await using window = await open();
    const { page, context, complaints } = window;
    await page.goto('/settings/people');
    await withProvider(page).click();
    await signInThere(page, 'ada-there');
    await page.getByLabel('Name', { exact: true }).fill('typed-before');
    await world.manager.json('people', 'sign-out', 'ada');
    await page.getByText('Your session is over.').waitFor();
    const opened = context.waitForEvent('page');
    await withProvider(page).click();
    await opened;
    await page.getByRole('heading', { name: 'People', exact: true }).waitFor();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('typed-before');
    expect(complaints).toEqual([]);
  });

  it('is let in by a password that an administrator gives them, after a question that says so', async () => {
    await using window = await open();
    const { page, complaints } = window;
    await world.manager.json('people', 'create', 'tess', '--role', 'viewer', '--oidc-subject', 'tess-there');
    await page.goto('/settings/people/tess');
    await page.getByLabel('Name').fill('local');
    await page.locator('input[type=password]').fill('correct horse battery');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page
      .getByRole('heading', { name: 'A password for tess, in the place of the identity provider' })
      .waitFor();
    await page.getByLabel('New password', { exact: true }).fill('correct horse battery');
    await page.getByLabel('The new password again').fill('correct horse battery');
    await page.getByRole('button', { name: 'Give tess this password' }).click();
    const question = page.getByRole('alertdialog', { name: 'Give tess this password?' });
    await question.getByText('no more with the identity provider (as tess-there)').waitFor();
    await question.getByRole('button', { name: 'Give tess this password' }).click();
    await page.getByText('▲ password alone').waitFor();
    await page.getByLabel('Subject').fill('tess-there');
    await page.getByRole('button', { name: 'Let tess sign in with Example ID' }).click();
    const back = page.getByRole('alertdialog', { name: 'Let tess sign in with Example ID?' });
    await back.getByRole('button', { name: 'Let tess sign in with Example ID' }).click();
    await page.getByText('as tess-there').first().waitFor();
    expect(await faultsOf(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
