import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FleetPage, openFleetPage, PASSWORD } from './fleet-page.ts';
import { faultsOf } from './screen-readers.ts';
import { heading, password, signIn, whyNot } from './visit.ts';
import { isAsWideAs } from './walk.ts';

let fleet: FleetPage;
beforeAll(async () => {
  fleet = await openFleetPage();
});
afterAll(() => fleet[Symbol.asyncDispose]());

describe('The page', () => {
  it('tells a stranger nothing, and says what was wrong with a password', async () => {
    await using window = await fleet.open();
    const { page, complaints } = window;
    await page.goto('/hosts');
    await page.getByLabel('Name').fill('ada');
    await password(page).fill('wrong horse battery');
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.getByRole('alert').textContent()).toMatch(/wrong/i);
    expect(await heading(page, 'Hosts').count()).toBe(0);
    expect(await faultsOf(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('says to a viewer, on the button, why a host cannot be let in', async () => {
    await using window = await fleet.open();
    const { page } = window;
    await signIn(page, 'vera');
    await page.keyboard.type('gq');
    expect(await whyNot(page, `Let ${fleet.host.name} in`)).toContain('Your role, viewer');
  });

  it('lets a host in by its code with the keyboard alone, and shows what waits on it', async () => {
    await using window = await fleet.open();
    const { page, complaints } = window;
    await signIn(page, 'ada');
    await page.keyboard.type('gq');
    const code = page.getByLabel(`Code of ${fleet.host.name}`);
    await code.waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await code.focus();
    await page.keyboard.type(await fleet.host.hostCode());
    await page.keyboard.press('Enter');
    await page.getByText('No host is asking to join.').waitFor();
    await fleet.agent.listening;
    await page.keyboard.type('gh');
    await heading(page, 'Hosts').waitFor();
    await page.getByRole('link', { name: fleet.host.name }).focus();
    await page.keyboard.press('Enter');
    await heading(page, fleet.host.name).waitFor();
    const tabs = page.getByRole('navigation', { name: `Of ${fleet.host.name}` });
    await tabs.getByRole('link', { name: 'Updates' }).focus();
    await page.keyboard.press('Enter');
    const ask = page.getByRole('button', { name: 'Ask the host now' });
    await ask.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('cell', { name: 'toyhello', exact: true }).waitFor();
    expect(await page.getByRole('row').count()).toBeGreaterThan(1);
    expect(await faultsOf(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('shows in which groups a host is and what people wrote about it, and the hosts of each group', async () => {
    const { name } = fleet.host;
    await fleet.manager.json('groups', 'create', 'canaries');
    await fleet.manager.json('groups', 'add', 'canaries', name);
    await fleet.manager.json('hosts', 'label', name, 'env=prod');
    const note = 'Ask the shop before you patch.';
    await fleet.manager.json('hosts', 'note', name, note);
    await using window = await fleet.open();
    const { page, complaints } = window;
    await signIn(page, 'ada');
    for (const [word, search] of [
      ['canaries', 'group:canaries'],
      ['env=prod', 'label:env=prod'],
    ] as const) {
      await page.goto(`/hosts/${name}`);
      await page.getByRole('link', { name: word }).focus();
      expect(await faultsOf(page)).toEqual([]);
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name }).waitFor();
      expect(await page.getByLabel('Search').inputValue()).toBe(search);
    }
    await page.getByRole('row').filter({ hasText: name }).getByText('canaries, env=prod').waitFor();
    await page.getByLabel('Search').fill('group:nobody');
    await page.getByText('No host fits "group:nobody"').waitFor();
    for (const path of [`/hosts/${name}`, `/hosts/${name}/updates`, `/hosts/${name}/patch`]) {
      await page.goto(path);
      await page.getByText(`Note: ${note}`).waitFor();
    }
    expect(complaints).toEqual([]);
  });

  it('is clean for readers of the screen on every screen, in both themes, and as wide as a telephone', async () => {
    await using window = await fleet.open();
    const { page, complaints } = window;
    await signIn(page, 'ada');
    const host = `/hosts/${fleet.host.name}`;
    const tabs = ['overview', 'updates', 'packages', 'history', 'identity'].map((tab) => `${host}/${tab}`);
    for (const path of ['/', '/hosts', host, ...tabs, '/queue', '/hosts?q=state:left']) {
      await page.setViewportSize({ width: 1280, height: 720 });
      await page.goto(path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      const ages = page.getByText(/Last updated/).filter({ visible: true });
      await expect.poll(() => ages.count(), { message: path }).toBe(1);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect([path, colorScheme, await faultsOf(page)]).toEqual([path, colorScheme, []]);
      }
      await page.setViewportSize({ width: 360, height: 740 });
      expect([path, await isAsWideAs(page, 360)]).toEqual([path, true]);
    }
    expect(complaints).toEqual([]);
  });

  it('leads from the number of security updates of a host to those updates', async () => {
    await using window = await fleet.open();
    const { page, complaints } = window;
    await signIn(page, 'ada');
    await page.goto(`/hosts/${fleet.host.name}`);
    const number = page.locator('a[href$="/updates?security=yes"]');
    const waiting = Number(await number.textContent());
    expect(waiting).toBeGreaterThan(0);
    await number.click();
    const listed = page.getByRole('region', { name: 'When it was listed last' });
    await listed.waitFor();
    const figures = async (): Promise<number[]> => [
      await listed.getByRole('cell', { name: '✖ yes' }).count(),
      (await listed.getByRole('row').count()) - 1,
    ];
    expect(await figures()).toEqual([waiting, waiting]);
    await page.getByLabel('Security updates only').press(' ');
    await page.waitForURL('**/updates');
    await listed.getByRole('cell', { name: 'no', exact: true }).first().waitFor();
    const [security, all = 0] = await figures();
    expect(security).toBe(waiting);
    expect(all).toBeGreaterThan(waiting);
    expect(complaints).toEqual([]);
  });

  it('finds hosts by what they have installed, in the order that is wanted, with the keys alone', async () => {
    await using window = await fleet.open();
    const { page, complaints } = window;
    await signIn(page, 'ada');
    await page.keyboard.press('/');
    await heading(page, 'Hosts').waitFor();
    await page.locator('input[type=search]:focus').waitFor();
    await page.keyboard.type('pkg:toyhello lacks:nosuch security:>0');
    await page.getByText(/^1 host$/).waitFor();
    await page
      .getByRole('button', { name: 'Security updates' })
      .and(page.locator('[aria-pressed=true]'))
      .waitFor();
    await page.keyboard.type(' pkg:toyhello<0.1');
    await page.getByText('No host fits "pkg:toyhello<0.1"; without it some would.').waitFor();
    await page.keyboard.type(' state:bad');
    await page.getByText('"state:bad" is not understood. It takes current, behind, unknown, left.').waitFor();
    await page.getByLabel('Search').fill('');
    await page.getByRole('link', { name: 'Security', exact: true }).press('Enter');
    await page.locator('[aria-sort=descending]').getByText('Security').waitFor();
    expect(new URL(page.url()).search).toBe('?sort=-security');
    await page.keyboard.press('?');
    const keys = page.getByRole('dialog', { name: 'Keys' });
    await keys.waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.keyboard.press('j');
    await page.keyboard.press('Escape');
    await keys.waitFor({ state: 'detached' });
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await heading(page, fleet.host.name).waitFor();
    expect(complaints).toEqual([]);
  });

  it('asks for the password again when the session ends, and keeps what was typed', async () => {
    await using window = await fleet.open();
    const { page, context } = window;
    await signIn(page, 'ada');
    await page.goto(`/hosts/${fleet.host.name}/packages`);
    await page.getByLabel('Package', { exact: true }).fill('toy');
    await context.clearCookies();
    await page.getByLabel('Package', { exact: true }).fill('toyl');
    await page.getByText('Your session is over.').waitFor();
    await page.getByLabel('Name').fill('ada');
    await password(page).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    const typed = page.getByLabel('Package', { exact: true });
    await typed.waitFor();
    expect(await typed.inputValue()).toBe('toyl');
  });

  it('keeps at most 80 of 10,000 hosts in the document', async () => {
    await using window = await fleet.open();
    const { page } = window;
    await signIn(page, 'ada');
    const many = 10_000;
    const one = (await page.evaluate("fetch('/api/v1/hosts').then((answer) => answer.json())")) as {
      readonly data: { readonly hosts: readonly object[] };
    };
    const hosts = Array.from({ length: many }, (_, number) => ({
      ...one.data.hosts[0],
      id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
      fqdn: `host${number}.page.test`,
    }));
    // Only the numbers of the fleet are made up; the answer is else the manager's.
    await page.route('**/api/v1/hosts', (route) =>
      route.fulfill({ json: { ...one, data: { hosts, total: many } } }),
    );
    await page.keyboard.type('gh');
    await page.getByText('10,000 hosts', { exact: true }).waitFor();
    await page.getByRole('table', { name: 'Hosts' }).focus();
    for (const key of ['End', 'Home', 'PageDown', 'PageDown']) {
      await page.keyboard.press(key);
      expect(await page.getByRole('row').count()).toBeLessThanOrEqual(80);
    }
    await page.getByLabel('Search').fill('host9999');
    await page.getByRole('link', { name: 'host9999.page.test' }).waitFor();
  });

  it('offers nothing to do on a host that nobody knows', async () => {
    await using window = await fleet.open();
    const { page } = window;
    await signIn(page, 'ada');
    await page.goto('/hosts/nobody.page.test');
    await page.getByRole('alert').getByText('nobody.page.test').waitFor();
    expect(await page.getByRole('link', { name: /^Patch/ }).count()).toBe(0);
    expect(await page.getByRole('navigation', { name: 'Of nobody.page.test' }).count()).toBe(0);
    expect(await faultsOf(page)).toEqual([]);
  });

  it('tells whoever looks at a host that it has left meanwhile, and that nobody can ask it any more', async () => {
    await using window = await fleet.open();
    const { page } = window;
    await signIn(page, 'ada');
    await page.goto(`/hosts/${fleet.host.name}`);
    await heading(page, fleet.host.name).waitFor();
    // Each number there leads to what it counts.
    const numbers = page.locator('dd').getByRole('link', { name: /^\d+$/ });
    await numbers.first().waitFor();
    const leads = await numbers.evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    const tabs = ['updates?security=yes', 'updates', 'packages'].map(
      (tab) => `/hosts/${fleet.host.name}/${tab}`,
    );
    expect(leads).toEqual(tabs);
    expect((await fleet.host.run('leave', '--force')).exitCode).toBe(0);
    await page.getByText('This host has left').waitFor();
    await page.getByRole('link', { name: 'Updates', exact: true }).last().click();
    expect(await whyNot(page, 'Ask the host now')).toContain('The host has left; nobody can ask it.');
    expect(await faultsOf(page)).toEqual([]);
  });
});
