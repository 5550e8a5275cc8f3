import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD, type Window } from './fleet-page.ts';
import { type ManagerPage, openManagerPage } from './manager-page.ts';
import { faultsOf } from './screen-readers.ts';
import { codeOf } from './totp.ts';
import { isAsWideAs, signInAs } from './walk.ts';

/** Run in the page: ends no other session, sixty times, each of which is on record. */
const fillPages = `(async () => {
  const headers = { 'content-type': 'application/json', 'linux-patch-request': '1' };
  for (let times = 0; times < 60; times += 1)
    await fetch('/api/v1/me/sessions/end', { method: 'POST', headers, body: '{}' });
})()`;

let world: ManagerPage;
beforeAll(async () => {
  world = await openManagerPage({ ada: 'admin', tess: 'operator', vera: 'viewer', uma: 'operator' });
});
afterAll(() => world[Symbol.asyncDispose]());

describe('People', () => {
  it('are made, get another role and a new password, and are signed out, by keyboard', async () => {
    await using window = await world.open();
    await using other = await world.open();
    const { page, complaints } = window;
    await page.goto('/settings/people');
    await signInAs(page, 'ada');
    await page.getByLabel('Name', { exact: true }).fill('bob@page.test');
    await page.getByLabel('Role').selectOption('operator');
    await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
    await page.getByLabel('The new password again').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await page.getByText('bob@page.test may sign in now.').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await other.page.goto('/');
    await signInAs(other.page, 'bob@page.test');
    await other.page.getByText('bob@page.test · operator').waitFor();
    await page.getByRole('link', { name: 'bob@page.test' }).focus();
    await page.keyboard.press('Enter');
    const yes = (name: RegExp) => page.getByRole('alertdialog').getByRole('button', { name });
    await page.getByRole('button', { name: /^End the session from/ }).click();
    await yes(/^End the session from/).click();
    await page.getByText('Not signed in anywhere.').waitFor();
    await other.page.getByRole('link', { name: 'Hosts', exact: true }).click();
    await other.page.getByText('Your session is over.').waitFor();
    await page.getByLabel('Role').selectOption('viewer');
    await page.getByRole('button', { name: 'Give bob@page.test the role viewer' }).click();
    await yes(/^Give bob@page\.test the role viewer/).click();
    await page.getByText('bob@page.test has this role.').waitFor();
    await page.getByRole('button', { name: 'Shut bob@page.test out …' }).click();
    await page.getByText('is signed out everywhere and cannot sign in.').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    const question = page.getByRole('alertdialog', { name: 'Shut bob@page.test out?' });
    await question.getByRole('button', { name: 'Shut bob@page.test out' }).click();
    await page.getByRole('button', { name: 'Let bob@page.test in again' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('get a role for some hosts in the place of the one for all, and meet those alone', async () => {
    await using window = await world.open();
    await using other = await world.open();
    const { page, complaints } = window;
    await page.goto('/settings/people/uma');
    await signInAs(page, 'ada');
    await page.getByText('Say for which hosts.').waitFor();
    await page.getByLabel('Hosts', { exact: true }).fill('@behind');
    await page.getByText('Write @group:NAME or @KEY=VALUE').waitFor();
    await page.getByLabel('Hosts', { exact: true }).fill('@env=test');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Take away operator for @env=test' }).waitFor();
    await page.getByLabel('Role').selectOption('none');
    expect(await faultsOf(page)).toEqual([]);
    const give = /^Give uma the role operator for @env=test/;
    await page.getByRole('button', { name: give }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: give }).click();
    await page.getByText('uma has this role.').waitFor();
    await other.page.goto('/queue');
    await signInAs(other.page, 'uma');
    await other.page.getByText('uma · operator for @env=test').waitFor();
    await other.page.getByText('Your role does not show this').first().waitFor();
    expect(complaints).toEqual([]);
  });

  it('are shown to nobody whose role does not go so far, who is told so', async () => {
    await using window = await world.open();
    const { page } = window;
    await page.goto('/settings/people');
    await signInAs(page, 'vera');
    await page.getByText('Your role does not show this').waitFor();
    const make = page.getByRole('button', { name: 'Make the person' });
    expect(await make.getAttribute('aria-disabled')).toBe('true');
    expect(await faultsOf(page)).toEqual([]);
  });
});

describe('An authenticator', () => {
  it('is set up from a picture made in the page, signs in, and a recovery code does when it is lost', async () => {
    await using window = await world.open();
    const { page, complaints, context } = window;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).origin));
    await page.goto('/account');
    await signInAs(page, 'tess');
    await page.getByRole('button', { name: 'Set up an authenticator' }).click();
    const key = page.getByLabel('The key, for typing');
    await key.waitFor();
    expect(await page.getByRole('img', { name: 'The key, for an authenticator to read' }).count()).toBe(1);
    expect(await faultsOf(page)).toEqual([]);
    const secret = String(await key.textContent());
    await page.getByLabel('The code that it shows now').fill(codeOf(secret, 0));
    await page.keyboard.press('Enter');
    const codes = page.getByLabel('Recovery codes');
    await codes.waitFor();
    const [recovery = '', another = ''] = String(await codes.textContent()).split('\n');
    await page.getByText('✓ Signing in takes a code of your authenticator.').waitFor();
    expect(await faultsOf(page)).toEqual([]);

    await context.clearCookies();
    await page.goto('/');
    await signInAs(page, 'tess');
    // Not the one that was used, and both still count when the next step begins meanwhile.
    await page.getByLabel('Code').fill(codeOf(secret, 1));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();

    await context.clearCookies();
    await page.goto('/');
    await signInAs(page, 'tess');
    await page.getByLabel('Code').fill('ABCD-EFGH');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText(/wrong/).waitFor();
    await page.getByLabel('Code').fill(recovery);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
    expect(another).not.toBe(recovery);
    expect(new Set(asked)).toEqual(new Set([world.manager.url]));
    expect(complaints).toEqual([]);
  });
});

describe('Programs', () => {
  it('get a token of a role that ends, shown once, and lose it', async () => {
    await using window = await world.open({ colorScheme: 'dark' });
    const { page, complaints } = window;
    await page.goto('/settings/programs');
    await signInAs(page, 'ada');
    await page.getByLabel('Name', { exact: true }).fill('prometheus-2027');
    await page.getByLabel('Role', { exact: true }).last().selectOption('operator');
    await page.getByRole('checkbox', { name: 'Let hosts join, or refuse them.' }).check();
    expect(await page.getByRole('checkbox', { name: /Make people of any role/ }).count()).toBe(0);
    await page.getByLabel('Ends', { exact: true }).selectOption('in a week');
    await page.getByRole('button', { name: 'Make it' }).click();
    const secret = await page.getByLabel('The secret of prometheus-2027').textContent();
    const bearer = { headers: { authorization: `Bearer ${secret}` }, ignoreHTTPSErrors: true };
    await using stranger = await world.open();
    expect((await stranger.page.request.get('/api/v1/status', bearer)).status()).toBe(200);
    expect((await stranger.page.request.get('/api/v1/people', bearer)).status()).toBe(403);
    const post = (path: string) => stranger.page.request.post(path, { ...bearer, data: {} });
    expect((await post('/api/v1/enrollments/nobody/deny')).status()).toBe(404);
    expect((await post('/api/v1/tokens')).status()).toBe(403);
    await page.getByRole('cell', { name: 'enrollments:decide' }).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Revoke prometheus-2027 …' }).click();
    await page.getByText('What calls with it is refused from now on.').waitFor();
    const question = page.getByRole('alertdialog', { name: 'Revoke the token of prometheus-2027?' });
    await question.getByRole('button', { name: 'Revoke prometheus-2027' }).click();
    await page.getByRole('cell', { name: 'revoked' }).waitFor();
    expect((await stranger.page.request.get('/api/v1/status', bearer)).status()).toBe(401);
    expect(complaints).toEqual([]);
  });
});

describe('The audit log', () => {
  it('is searched, paged and verified, with the age of that', async () => {
    await using window = await world.open();
    const { page, complaints } = window;
    await page.goto('/audit');
    await signInAs(page, 'ada');
    await page.getByText('Not verified since this page was opened.').waitFor();
    await page.getByRole('button', { name: 'Verify now' }).click();
    await page.getByText(/records as written, each after the one before it, verified/).waitFor();
    await page.getByLabel('About').fill('bob@page.test');
    await page.getByLabel('What').selectOption('person_created');
    await page.getByRole('button', { name: 'Search' }).click();
    const row = page.getByRole('row').filter({ has: page.getByTitle('person_created') });
    await row.waitFor();
    expect(await page.getByRole('row').count()).toBe(2);
    // In one line who did it, in words, and what it is about, with the way there; all of it below when it is asked for.
    expect(await row.textContent()).toMatch(/agoadaA person was madebob@page\.test/);
    expect((await row.boundingBox())?.height).toBeLessThan(50);
    expect(await row.getByRole('link', { name: 'bob@page.test' }).getAttribute('href')).toBe(
      '/settings/people/bob%40page.test',
    );
    const all = row.getByRole('button');
    await all.press('Enter');
    expect(await all.getAttribute('aria-expanded')).toBe('true');
    await page.getByRole('link', { name: 'person_created' }).waitFor();
    expect(page.url()).toContain('event=person_created');
    expect(await faultsOf(page)).toEqual([]);
    await page.goto('/audit?about=no%25body');
    await page.getByText('No record fits.').waitFor();
    await page.evaluate(fillPages);
    await page.goto('/audit');
    // However many records this browser made, the first of all is found by going on.
    const started = page.getByTitle('manager_started');
    while (!(await started.isVisible())) {
      const firstRow = page.getByRole('row').nth(1);
      const before = await firstRow.textContent();
      await page.getByRole('link', { name: 'Older ones' }).click();
      await expect.poll(() => firstRow.textContent()).not.toBe(before);
    }
    await page.getByRole('link', { name: 'The newest' }).click();
    await page.getByRole('link', { name: 'Older ones' }).waitFor();
    expect(complaints).toEqual([]);
  });
});

describe('The screen of an administrator', () => {
  let window: Window;
  beforeAll(async () => {
    window = await world.open();
    await window.page.goto('/');
    await signInAs(window.page, 'ada');
    await window.page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
  });
  afterAll(() => window[Symbol.asyncDispose]());

  it.each([
    '/jobs',
    '/queue/tokens',
    '/certificates',
    '/audit',
    '/account',
    '/settings/ca',
    '/settings/people',
    '/settings/people/ada',
    '/settings/programs',
    '/settings/configuration',
    '/setup',
  ])('at %s is clean for readers of the screen in both themes, and as wide as a telephone', async (path) => {
    const { page, complaints } = window;
    await page.setViewportSize({ width: 1280, height: 720 });
    await page.goto(path);
    await page
      .getByText(/Last updated/)
      .first()
      .waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect([colorScheme, await faultsOf(page)]).toEqual([colorScheme, []]);
    }
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await isAsWideAs(page, 360)).toBe(true);
    expect(complaints).toEqual([]);
  });

  it.each(['/audit', '/settings/configuration'])(
    'at %s needs no scrolling sideways on a small desk',
    async (path) => {
      const { page } = window;
      await page.setViewportSize({ width: 1100, height: 720 });
      await page.goto(path);
      const table = page.locator('.wide');
      await table.waitFor();
      expect(await table.evaluate((one) => one.scrollWidth - one.clientWidth)).toBe(0);
      expect(await page.getByText('`').count()).toBe(0);
    },
  );
});
