import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Window } from './fleet-page.ts';
import { type ManagerPage, openManagerPage } from './manager-page.ts';
import { askToJoin } from './older-request.ts';
import { isCopied } from './pasted.ts';
import { faultsOf } from './screen-readers.ts';
import { isAsWideAs, signInAs } from './walk.ts';

let world: ManagerPage;
beforeAll(async () => {
  const people = { ada: 'admin', bob: 'operator', vera: 'viewer' };
  world = await openManagerPage(people, { configuration: ['enrollment: { allow_legacy_agents: true }'] });
});
afterAll(() => world[Symbol.asyncDispose]());

const WEB1 = { fqdn: 'web1.page.test', address: '127.0.0.51', machine: 'a'.repeat(32) };

describe('The queue', () => {
  it('says to the second of two people who let a host in that the first one did', async () => {
    await using first = await world.open();
    await using second = await world.open();
    await askToJoin(first.page, WEB1);
    for (const [{ page }, name] of [
      [first, 'ada'],
      [second, 'bob'],
    ] as const) {
      await page.goto('/queue');
      await signInAs(page, name);
      await page.getByRole('button', { name: 'Let web1.page.test in' }).waitFor();
    }
    const asked = ({ page }: Window) => page.getByRole('alertdialog', { name: 'Let web1.page.test in?' });
    await first.page.getByRole('button', { name: 'Let web1.page.test in' }).click();
    await asked(first).getByText('No code was compared').waitFor();
    await asked(first).getByText('The certificate of web1.page.test can be revoked.').waitFor();
    expect(await faultsOf(first.page)).toEqual([]);
    await second.page.getByRole('button', { name: 'Let web1.page.test in' }).click();
    await asked(second).waitFor();
    await asked(first).getByRole('button', { name: 'Let web1.page.test in' }).click();
    await first.page.getByText('You let web1.page.test in').waitFor();
    const way = first.page.getByRole('link', { name: 'See what waits on web1.page.test' });
    expect(await way.getAttribute('href')).toBe('/hosts/web1.page.test');
    // The question of the second goes with what it was about.
    await asked(second).waitFor({ state: 'detached' });
    await second.page.getByText('ada let web1.page.test in').waitFor();
    await second.page.getByText('No host is asking to join.').waitFor();
    expect([...first.complaints, ...second.complaints]).toEqual([]);
  });

  it('shows a copy beside the host on record, and denies it with a reason', async () => {
    await using window = await world.open({ viewport: { width: 360, height: 740 } });
    const { page, complaints } = window;
    await askToJoin(page, { ...WEB1, address: '127.0.0.52' });
    await page.goto('/queue');
    await signInAs(page, 'ada');
    await page.getByText('Look twice').waitFor();
    const both = page.getByRole('region', { name: 'What this manager knows of both' });
    await both.getByRole('cell', { name: '127.0.0.51' }).waitFor();
    expect(await both.getByRole('cell', { name: '127.0.0.52' }).count()).toBe(1);
    expect([await faultsOf(page), await isAsWideAs(page, 360)]).toEqual([[], true]);
    await page.getByLabel('It is a host of ours, installed again').check();
    await page.getByRole('button', { name: 'Let web1.page.test in' }).click();
    const asked = (title: string) => page.getByRole('alertdialog', { name: title });
    await asked('Let web1.page.test in?').getByText('It takes the place of the host on record').waitFor();
    await asked('Let web1.page.test in?').getByText('This cannot be taken back.').waitFor();
    await asked('Let web1.page.test in?').getByRole('button', { name: 'Leave it' }).click();
    await page.getByLabel('Why not, if it is denied').fill('a copy of web1, ask Ada');
    await page.keyboard.press('Enter');
    await asked('Deny web1.page.test?').getByText('is told that it was denied').waitFor();
    expect(await isAsWideAs(page, 360)).toBe(true);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('You denied web1.page.test').waitFor();
    expect(JSON.stringify(await world.manager.json('audit', 'list'))).toContain('a copy of web1, ask Ada');
    expect(complaints).toEqual([]);
  });

  it('shows what a stranger says as text', async () => {
    await using window = await world.open({ viewport: { width: 360, height: 740 } });
    const { page, complaints } = window;
    const stranger = { fqdn: 'long.page.test', address: '127.0.0.53', machine: 'm'.repeat(128) };
    await askToJoin(page, { ...stranger, distro: '<b>Debian</b>' });
    await page.goto('/queue');
    await signInAs(page, 'vera');
    await page.getByText('<b>Debian</b>').waitFor();
    expect(await page.locator('b').count()).toBe(0);
    expect([await faultsOf(page), await isAsWideAs(page, 360)]).toEqual([[], true]);
    expect(complaints).toEqual([]);
  });
});

describe('Join tokens', () => {
  it('are made with an end, uses and a note, shown once as the line to paste, and revoked', async () => {
    await using window = await world.open();
    const { page, complaints } = window;
    await page.goto('/queue/tokens');
    await signInAs(page, 'bob');
    await page.getByLabel('Ends', { exact: true }).selectOption('in a week');
    await page.getByLabel('How many hosts it lets in').fill('3');
    await page.getByLabel('Only hosts of these names').fill('web*.page.test');
    await page.getByLabel('Note').fill('spring\u202e rollout');
    await page.keyboard.press('Enter');
    const line = page.getByLabel('Paste this into a root shell of the new host');
    await line.waitFor();
    const [pasted, alone] = [
      await line.textContent(),
      await page.getByLabel('The join string alone').textContent(),
    ];
    expect(pasted).toContain(String(alone));
    expect(pasted).toContain('JOIN');
    await isCopied(window, 'The join string alone');
    await page.getByText('lets 3 hosts in without a person, named web*.page.test').waitFor();
    const row = page.getByRole('row', { name: 'spring\\u202e rollout' });
    expect(await row.textContent()).toContain('0 of 3');
    expect(await faultsOf(page)).toEqual([]);
    await row.getByRole('button', { name: /^Revoke/ }).click();
    const question = page.getByRole('alertdialog', { name: /^Revoke the join token/ });
    await question.getByText('It lets nobody in any more.').waitFor();
    await question.getByRole('button', { name: /^Revoke/ }).click();
    await row.getByText('revoked').waitFor();
    await page.reload();
    await row.waitFor();
    expect(await page.getByText(String(alone)).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('say into which groups and with which labels their hosts come, also after a group was named otherwise', async () => {
    await using window = await world.open({ viewport: { width: 360, height: 740 } });
    const { page, complaints } = window;
    for (const name of ['web', 'backup']) await world.manager.json('groups', 'create', name);
    await page.goto('/queue/tokens');
    await signInAs(page, 'bob');
    const labels = page.getByLabel('With these labels');
    await labels.fill('env');
    const make = page.getByRole('button', { name: 'Make it' });
    const reason = page.locator(`[id="${await make.getAttribute('aria-describedby')}"]`);
    expect(await reason.textContent()).toContain('A label is KEY=VALUE');
    await labels.fill('env=prod site=berlin');
    const groups = page.getByRole('group', { name: 'Into these groups' });
    await groups.getByLabel('web').focus();
    await page.keyboard.press('Space');
    await page.getByText('1 group chosen').waitFor();
    await make.click();
    await page.getByText(/without a person, with env=prod, site=berlin, into web\. Ends/).waitFor();
    const row = page.getByRole('row', { name: 'env=prod, site=berlin' });
    await row.getByRole('link', { name: 'web', exact: true }).waitFor();
    const { tokens } = (await world.manager.json('tokens', 'list')) as { readonly tokens: readonly object[] };
    expect(tokens[0]).toMatchObject({ labels: { env: 'prod', site: 'berlin' }, groups: ['web'] });
    expect([await faultsOf(page), await isAsWideAs(page, 360)]).toEqual([[], true]);
    await world.manager.json('groups', 'set', 'web', '--name', 'edge');
    await row.getByRole('link', { name: 'edge', exact: true }).waitFor();
    await row.getByRole('link', { name: 'env=prod' }).click();
    await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('label:env=prod');
    expect(complaints).toEqual([]);
  });

  it('are not made for a group that was deleted meanwhile, which is said, and nothing typed is lost', async () => {
    await using window = await world.open();
    const { page } = window;
    await world.manager.json('groups', 'create', 'short-lived');
    await page.goto('/queue/tokens');
    await signInAs(page, 'ada');
    await page.getByLabel('Note').fill('for the lab');
    await page.getByLabel('short-lived').check();
    await world.manager.json('groups', 'delete', 'short-lived');
    await page.getByRole('button', { name: 'Make it' }).click();
    await page.getByRole('alert').getByText('short-lived').waitFor();
    expect(await page.getByLabel('Note').inputValue()).toBe('for the lab');
    // A click and no more: once it is not chosen, the page does not show what there is not.
    await page.getByLabel('short-lived').click();
    await page.getByRole('button', { name: 'Make it' }).click();
    await page.getByRole('row', { name: 'for the lab' }).waitFor();
  });

  it('have notes of every kind of letter, of which what would not be seen is named', async () => {
    await using window = await world.open({ viewport: { width: 360, height: 740 } });
    const { page, complaints } = window;
    await page.goto('/queue/tokens');
    await signInAs(page, 'ada');
    const note = `שלום 東京 we\u200bb1\u202egpj z${'\u0351'.repeat(40)} ${'w'.repeat(120)}`;
    await page.getByLabel('Note').fill(note);
    await page.getByRole('button', { name: 'Make it' }).click();
    const shown = `שלום 東京 we\\u200bb1\\u202egpj z${'\u0351'.repeat(4)}… ${'w'.repeat(120)}`;
    await page.getByRole('cell', { name: shown, exact: true }).waitFor();
    expect([await faultsOf(page), await isAsWideAs(page, 360)]).toEqual([[], true]);
    await page.goto('/audit?event=join_token_created');
    await page.getByRole('row').getByRole('button').first().click();
    await page.getByText(shown).waitFor();
    expect(await isAsWideAs(page, 360)).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('are not made without a number of hosts, nor by a viewer, and the button says why', async () => {
    await using window = await world.open();
    const { page } = window;
    await page.goto('/queue/tokens');
    await signInAs(page, 'vera');
    const make = page.getByRole('button', { name: 'Make it' });
    await make.waitFor();
    const reason = await make.getAttribute('aria-describedby');
    expect(await page.locator(`[id="${reason}"]`).textContent()).toContain('Your role, viewer');
    await make.click({ force: true });
    expect(await page.getByRole('alert').count()).toBe(0);
  });
});
