import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD } from './fleet-page.ts';
import { type ManagerPage, openManagerPage } from './manager-page.ts';
import { askToJoin } from './older-request.ts';
import { faultsOf } from './screen-readers.ts';
import { isAsWideAs, signInAs, signInForm } from './walk.ts';

const HOST = { fqdn: 'gone.page.test', address: '127.0.0.54', machine: 'b'.repeat(32) };

let world: ManagerPage;
beforeAll(async () => {
  world = await openManagerPage(
    { ada: 'admin', vera: 'viewer' },
    {
      configuration: [
        'enrollment: { allow_legacy_agents: true }',
        'fleet: { poll_minutes: 0.05, inventory_minutes: 0.05 }',
      ],
    },
  );
  await using window = await world.open();
  await askToJoin(window.page, HOST);
  await world.manager.json('enrollments', 'approve', HOST.fqdn, '--no-code');
});
afterAll(() => world[Symbol.asyncDispose]());

describe('The page', () => {
  it('leaves a telephone its height: the menu is behind a button, for keys and readers of the screen as well', async () => {
    await using window = await world.open({ viewport: { width: 380, height: 740 } });
    const { page, complaints } = window;
    await page.goto('/');
    await signInAs(page, 'ada');
    await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
    const menu = page.getByRole('button', { name: 'Menu' });
    const places = page.getByRole('navigation', { name: 'Screens' });
    const top = async () => (await page.getByRole('heading', { level: 1 }).boundingBox())?.y ?? 999;
    const expanded = () => menu.getAttribute('aria-expanded');
    expect(await top()).toBeLessThan(100);
    expect([await expanded(), await places.isVisible()]).toEqual(['false', false]);

    await menu.press('Enter');
    expect([await expanded(), await places.isVisible()]).toEqual(['true', true]);
    expect([await faultsOf(page), await isAsWideAs(page, 380)]).toEqual([[], true]);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Dashboard');
    await page.keyboard.press('Escape');
    expect([await expanded(), await places.isVisible()]).toEqual(['false', false]);
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Menu');

    await menu.press('Enter');
    await places.getByRole('link', { name: 'Hosts' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Hosts' }).waitFor();
    expect([await expanded(), await page.evaluate('document.activeElement.id')]).toEqual([
      'false',
      'content',
    ]);
    expect(await faultsOf(page)).toEqual([]);

    await page.setViewportSize({ width: 1280, height: 720 });
    expect([await menu.isVisible(), await places.isVisible()]).toEqual([false, true]);
    expect(complaints).toEqual([]);
  });

  it('says to a browser at an address that is no screen that there is none, and where to begin', async () => {
    await using window = await world.open();
    const { page } = window;
    const answer = await page.goto('/nonsense/of/somebody');
    expect(answer?.status()).toBe(404);
    await signInAs(page, 'ada');
    await page.getByRole('heading', { level: 1, name: 'Not here' }).waitFor();
    await page.getByText('no screen at /nonsense/of/somebody').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.getByRole('link', { name: 'the dashboard' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
  });

  it('shows a host whose listing fails as unknown, with the reason, and never as current', async () => {
    await using window = await world.open();
    const { page, complaints } = window;
    await page.goto('/hosts?q=state:unknown');
    await signInAs(page, 'ada');
    await page.getByText('ada · admin').waitFor();
    const row = page.getByRole('row', { name: HOST.fqdn });
    await expect
      .poll(
        async () => {
          await page.reload();
          await row.waitFor();
          return row.textContent();
        },
        { timeout: 200_000 },
      )
      .toMatch(/unknown: .*(?:refused|answer|reach)/i);
    await page.goto('/');
    await page.getByText('Last updated').first().waitFor();
    const figures = await page
      .getByRole('list', { name: '1 host', exact: true })
      .getByRole('listitem')
      .allTextContents();
    expect(
      figures.filter((one) => /current|unknown/.test(one)).map((one) => one.replaceAll(/\D/g, '')),
    ).toEqual(['0', '1']);
    expect(complaints).toEqual([]);
  });

  it('revokes the certificate of a host after its name was read once more, and tells whom it told', async () => {
    await using window = await world.open();
    const { page, complaints } = window;
    await page.goto('/certificates');
    await signInAs(page, 'ada');
    await page.getByLabel('Search').fill('GONE');
    await page.getByText('1 certificate of').waitFor();
    await page.getByRole('link', { name: /^Revoke the certificate .* of gone\.page\.test$/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByText(/gone\.page\.test is believed by nobody with it/).waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.getByRole('button', { name: 'Leave it' }).click();
    await page.getByRole('link', { name: /^Revoke the certificate .* of gone\.page\.test$/ }).click();
    await page.getByLabel('Why').selectOption('its key is, or may be, in wrong hands');
    await page.getByRole('button', { name: 'Revoke the certificate of gone.page.test' }).click();
    await page.getByText(/^Revoked: the certificate .* of gone\.page\.test/).waitFor();
    await page.getByLabel('State').selectOption('revoked');
    await page.getByRole('cell', { name: '✖ revoked' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('says to a viewer, on each button, why it cannot', async () => {
    await using window = await world.open();
    const { page } = window;
    await page.goto('/queue/tokens');
    await signInAs(page, 'vera');
    await page.getByText('vera · viewer').waitFor();
    for (const [path, name] of [
      ['/queue/tokens', 'Make it'],
      ['/settings/programs', 'Make it'],
      ['/settings/people', 'Make the person'],
      ['/audit', 'Verify now'],
    ] as const) {
      await page.goto(path);
      const button = page.getByRole('button', { name });
      await button.waitFor();
      const reason = await button.getAttribute('aria-describedby');
      const said = await page.locator(`[id="${reason}"]`).textContent();
      expect([path, await button.getAttribute('aria-disabled'), said]).toEqual([
        path,
        'true',
        expect.stringContaining('Your role, viewer, does not allow this'),
      ]);
    }
  });

  it('keeps what was typed when the session ends in the middle of a form', async () => {
    await using window = await world.open();
    const { page, context } = window;
    await page.goto('/settings/people');
    await signInAs(page, 'ada');
    await page.getByLabel('Name', { exact: true }).fill('carl');
    await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
    await page.getByLabel('The new password again').fill(PASSWORD);
    await context.clearCookies();
    await page.getByRole('button', { name: 'Make carl' }).click();
    await page.getByText('Your session is over.').waitFor();
    // Somebody could sign in, and who calls by a program is told in other words.
    await page.getByText('Your session was over, so nothing was done.').waitFor();
    expect(await page.getByText(/Nobody can sign in yet|needs a credential/).count()).toBe(0);
    await signInAs(page, 'ada');
    await signInForm(page).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Make carl' }).click();
    await page.getByText('carl may sign in now.').waitFor();
  });

  it('shows nothing of what one person typed and saw to another who signs in after', async () => {
    await using window = await world.open();
    const { page, context } = window;
    await page.goto('/settings/people');
    await signInAs(page, 'ada');
    await page.getByLabel('Name', { exact: true }).fill('secret-plan');
    await context.clearCookies();
    await page.getByRole('link', { name: 'Hosts', exact: true }).click();
    await page.getByText('Your session is over.').waitFor();
    await signInAs(page, 'vera');
    await page.getByText('vera · viewer').waitFor();
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'People' }).waitFor();
    await page.getByText('Your role does not show this').waitFor();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('');
  });

  it('tells ages by the clock of the manager where that of the device is another, and says so', async () => {
    await using window = await world.open();
    const { page, complaints } = window;
    // A minute more: ages are rounded down, and the browser sets its clock a moment later.
    await page.clock.setSystemTime(Date.now() + 3 * 3_600_000 + 60_000);
    await page.goto('/');
    await signInAs(page, 'ada');
    const remark = page.getByText("The clock of this device is 3 h ahead of the manager's");
    await remark.waitFor();
    const said = page.getByText('Last updated').first();
    expect(await said.textContent()).toMatch(/^Last updated (?:just now|\d+ s ago)\.$/);
    expect(await faultsOf(page)).toEqual([]);
    await page.clock.setSystemTime(Date.now());
    await page.goto('/hosts');
    await page.getByRole('heading', { level: 1, name: 'Hosts' }).waitFor();
    await page.getByText('Last updated').waitFor();
    expect(await remark.count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('says once on a screen of several answers that the manager is away, and is silent when it is back', async () => {
    await using window = await world.open();
    const { page } = window;
    await page.goto('/');
    await signInAs(page, 'ada');
    await page.getByText('From the second day on they are drawn here.').waitFor();
    const away = page.getByText('The manager does not answer');
    await world.manager.kill();
    await away.waitFor();
    await page.getByLabel('The last').selectOption('90 days');
    await page.getByText('Not known: the manager could not be asked for how the fleet fared.').waitFor();
    expect([await away.count(), await page.getByRole('alert').count()]).toEqual([1, 2]);
    expect(await faultsOf(page)).toEqual([]);
    await page.evaluate(`new MutationObserver(() => {
      globalThis.wasAsked ||= document.body.textContent.includes('Asking the manager for how the fleet fared');
    }).observe(document.body, { subtree: true, childList: true })`);
    // Asked while it is away: of a manager that is back the page hears by itself, and the button is gone.
    await page.getByRole('button', { name: 'Try again' }).click();
    await world.manager.start();
    await page.getByText('From the second day on they are drawn here.').waitFor();
    await away.waitFor({ state: 'detached' });
    expect(await page.evaluate('globalThis.wasAsked ?? false')).toBe(false);
  });

  it('says that the manager is away, keeps what it showed with its age, and goes on when it is back', async () => {
    await using window = await world.open();
    const { page } = window;
    await page.goto('/queue/tokens');
    await signInAs(page, 'ada');
    await page.getByText('No join tokens.').waitFor();
    await page.getByLabel('Note').fill('typed before');
    await world.manager.kill();
    await page.getByRole('button', { name: 'Make it' }).click();
    await page.getByText('The manager does not answer').first().waitFor();
    expect(await page.getByLabel('Note').inputValue()).toBe('typed before');
    await world.manager.start();
    await page.getByRole('button', { name: 'Make it' }).click();
    await page.getByLabel('The join string alone').waitFor();
    await page.getByRole('cell', { name: 'typed before' }).waitFor();
  });

  it('says of a manager that hangs that nothing comes of it, keeps what it showed, and does what was asked once', async () => {
    await using window = await world.open();
    const { page } = window;
    await page.clock.install();
    await page.goto('/queue/tokens');
    await signInAs(page, 'ada');
    const rows = page.getByRole('cell', { name: 'asked while it hung' });
    await page.getByRole('cell', { name: 'typed before' }).waitFor();
    await page.getByLabel('Note').fill('asked while it hung');
    process.kill(world.manager.program.pid, 'SIGSTOP');
    try {
      await page.getByRole('button', { name: 'Make it' }).click();
      await page.getByText('One moment …').waitFor();
      await page.clock.fastForward(11_000);
      await page.getByText('No answer for 10 s yet. What was asked for may still be done.').waitFor();
      const alert = page.getByRole('alert').filter({ hasText: 'Nothing came from the manager for 30 s' });
      await expect
        .poll(async () => {
          await page.clock.fastForward(31_000);
          return alert.count();
        })
        .toBeGreaterThan(0);
      expect(await page.getByRole('cell', { name: 'typed before' }).count()).toBe(1);
    } finally {
      process.kill(world.manager.program.pid, 'SIGCONT');
    }
    await page.getByLabel('The join string alone').waitFor();
    await rows.waitFor();
    expect(await rows.count()).toBe(1);
  });
});
