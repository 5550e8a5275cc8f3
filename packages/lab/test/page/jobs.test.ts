import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FleetJobs } from '@linux-patch/contract';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askUntil } from '../../src/wait.ts';
import { type FleetPage, letIn, makePerson, openFleetPage } from './fleet-page.ts';
import { faultsOf } from './screen-readers.ts';
import { heading, signIn, whyNot } from './visit.ts';

/** Run in the page: has everything that waits on a host applied, and says with which status that is answered. */
const applyAll = (host: string): string => `fetch('/api/v1/hosts/${host}/patches/apply', {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'linux-patch-request': '1' },
  body: '{"all":true}',
}).then(({ status }) => status)`;

let fleet: FleetPage;
let name: string;
beforeAll(async () => {
  fleet = await openFleetPage();
  ({ name } = fleet.host);
  await letIn(fleet);
  await using window = await fleet.open();
  const { page } = window;
  await signIn(page, 'ada');
  const policy = join(fleet.host.root, 'etc/linux_patch_api/policy.yaml');
  await writeFile(policy, 'allowed_operations: []\n', { mode: 0o644 });
  await page.evaluate(applyAll(name));
  await rm(policy);
  expect(await page.evaluate(applyAll(name))).toBe(202);
});
afterAll(() => fleet[Symbol.asyncDispose]());

const table = (page: Page) => page.getByRole('region', { name: 'Jobs, the newest first' });

describe('The jobs of the fleet', () => {
  it.each([
    ['light', 1280],
    ['dark', 360],
  ] as const)(
    'say who had what done on which host and what became of it, by keyboard; %s, %i px',
    async (colorScheme, width) => {
      await using window = await fleet.open({ colorScheme, viewport: { width, height: 740 } });
      const { page, complaints } = window;
      const isFit = async (): Promise<void> => {
        expect(await faultsOf(page)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
      };
      await signIn(page, 'vera');
      await page.keyboard.type('gj');
      await heading(page, 'Jobs').waitFor();
      const rows = table(page).getByRole('row');
      // The manager follows each job to its end.
      const done = rows.filter({ hasText: 'completed' });
      await done.waitFor();
      for (const word of [/ada/, new RegExp(name), /install updates/, /\d packages? upgraded/])
        expect(await done.textContent()).toMatch(word);
      await rows.filter({ hasText: 'POLICY_DENIED: ' }).waitFor();
      await isFit();
      await page.getByLabel('State').selectOption('unknown');
      await page.getByLabel('Host').focus();
      await page.keyboard.type(name);
      await page.keyboard.press('Enter');
      await page.getByText('No job fits.').waitFor();
      expect(new URL(page.url()).search).toBe(`?host=${name}&state=unknown`);
      await isFit();
      await page.getByRole('link', { name: 'All jobs' }).click();
      await table(page)
        .getByRole('link', { name: `install updates on ${name}` })
        .first()
        .click();
      await heading(page, `install updates on ${name}`).waitFor();
      await page.goBack();
      await table(page).getByRole('link', { name, exact: true }).first().click();
      await heading(page, name).waitFor();
      expect(complaints).toEqual([]);
    },
  );

  it('of a host that nobody knows are not said to be none', async () => {
    await using window = await fleet.open();
    const { page } = window;
    await signIn(page, 'vera');
    await page.goto('/jobs?host=nobody.page.test');
    await page.getByRole('alert').getByText('nobody.page.test').waitFor();
    expect(await page.getByText('No job fits.').count()).toBe(0);
    expect(await faultsOf(page)).toEqual([]);
  });

  it('are at most 80 of 10,000 in the document, and each page has its address', async () => {
    await using window = await fleet.open();
    const { page } = window;
    await signIn(page, 'vera');
    // Only how many there are is made up; the answer is else the manager's.
    await page.route('**/api/v1/jobs?*', async (route) => {
      const asked = new URL(route.request().url());
      const part = (key: string): number => Number(asked.searchParams.get(key));
      const [offset, limit] = [part('offset'), part('limit')] as const;
      asked.searchParams.set('offset', '0');
      // What the test itself asks, it asks past the browser's store.
      const answer = await page.request.get(asked.href, { ignoreHTTPSErrors: true });
      const { data, ...rest } = (await answer.json()) as { readonly data: { jobs: readonly object[] } };
      const jobs = Array.from({ length: limit }, (_, number) => ({
        ...data.jobs[0],
        id: `job ${offset + number}`,
      }));
      await route.fulfill({ json: { ...rest, data: { jobs, total: 10_000 } } });
    });
    await page.keyboard.type('gj');
    await page.getByText('10,000 jobs').waitFor();
    await page.getByText('1 to 60 of 10,000').waitFor();
    expect(await page.getByRole('row').count()).toBeLessThanOrEqual(80);
    await page.getByRole('button', { name: 'After' }).click();
    await page.getByText('61 to 120 of 10,000').waitFor();
    expect(await page.getByRole('row').count()).toBeLessThanOrEqual(80);
    expect(new URL(page.url()).search).toBe('?from=60');
    await page.unrouteAll({ behavior: 'wait' });
  });
});

describe('The jobs of a host over time', () => {
  it.each([
    ['light', 1280],
    ['dark', 360],
  ] as const)(
    'are drawn by what became of them, and told in words with the way to each; %s, %i px',
    async (colorScheme, width) => {
      await using window = await fleet.open({ colorScheme, viewport: { width, height: 740 } });
      const { page, complaints } = window;
      await signIn(page, 'vera');
      await page.goto(`/hosts/${name}/jobs`);
      const over = page.getByRole('region', { name: 'Jobs over time' });
      await over.getByText('✓ 1 completed, ✖ 1 failed or not begun, ? 0 under way, cancelled').waitFor();
      await over
        .getByRole('listitem')
        .filter({ hasText: /install updates by ada, completed: \d packages? upgraded/ })
        .waitFor();
      await over
        .getByRole('listitem')
        .filter({ hasText: /install updates by ada, not begun: POLICY_DENIED: / })
        .waitFor();
      expect(await over.locator('.mark').allTextContents()).toEqual(['✓', '✖']);
      expect(await faultsOf(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
      await over.getByLabel('The last').selectOption('30');
      await over.getByRole('link', { name: 'install updates' }).click();
      await heading(page, `install updates on ${name}`).waitFor();
      await page.goBack();
      await over.getByRole('link', { name: 'All that this manager asked for' }).click();
      await heading(page, 'Jobs').waitFor();
      expect(new URL(page.url()).search).toBe(`?host=${name}`);
      expect(complaints).toEqual([]);
    },
  );
});

describe('What is asked of many hosts', () => {
  const BUTTON = /^Install updates on /;
  const NO_ACT = '3f2b8c5e-6d1a-4c7b-9e0f-123456789abc';
  beforeAll(async () => {
    // Beside a job that works with packages no lists are refreshed.
    await askUntil('the end of the jobs', async () => {
      const { total } = (await fleet.manager.json('jobs', '--state', 'accepted')) as FleetJobs;
      return total === 0 ? true : undefined;
    });
    await fleet.repository.publishUpdates([{ name: 'toyhello', version: '3.0-1' }]);
    await fleet.manager.json('refresh', name);
  });

  it('is nothing that a viewer starts, nor anybody where nothing waits', async () => {
    await using window = await fleet.open();
    const { page } = window;
    await signIn(page, 'vera');
    await page.goto('/hosts');
    expect(await whyNot(page, 'Install updates on 1 host …')).toContain('Your role, viewer');
    await page.goto(`/acts/${NO_ACT}`);
    await page.getByRole('alert').getByText(`There is no act ${NO_ACT}.`).waitFor();
    expect(await faultsOf(page)).toEqual([]);
  });

  it.each([
    ['light', 1280],
    ['dark', 360],
  ] as const)(
    'names up to ten thousand hosts before it begins, and says who is left out; %s, %i px',
    async (colorScheme, width) => {
      await using window = await fleet.open({ colorScheme, viewport: { width, height: 740 } });
      const { page, complaints } = window;
      await signIn(page, 'ada');
      // Only how many there are is made up: nobody has listed the others, and one of them has left.
      await page.route('**/api/v1/hosts', async (route) => {
        const answer = await page.request.get(route.request().url(), { ignoreHTTPSErrors: true });
        const { data, ...rest } = (await answer.json()) as { readonly data: { hosts: readonly object[] } };
        const others = Array.from({ length: 10_000 }, (_, number) => ({
          ...data.hosts[0],
          id: `host ${number}`,
          fqdn: `h${number}.many.test`,
          left_at: number === 0 ? new Date().toISOString() : null,
          ...(number === 1 ? { policy: { allows: ['reboot'], fault: null } } : {}),
        }));
        const hosts = [...data.hosts, ...others];
        await route.fulfill({ json: { ...rest, data: { hosts, total: hosts.length } } });
      });
      await page.goto('/hosts');
      await page.getByText('10,001 hosts').waitFor();
      await page.getByRole('button', { name: BUTTON }).click();
      const question = page.getByRole('alertdialog', { name: 'Install security updates on ' });
      await question.getByLabel('What is installed').selectOption('all updates');
      const all = page.getByRole('alertdialog', { name: 'Install all updates on 9,999 hosts?' });
      await all.getByText('Of 10,001 hosts that your search finds, 9,999 hosts are meant.').waitFor();
      await all
        .getByText('Left out: 1 that left the fleet; 1 that no manager may update, by their own policy.')
        .waitFor();
      await all.getByText('9,998 are unknown').waitFor();
      await all.getByText('1 to 40 of 9,999').waitFor();
      await all.getByRole('button', { name: 'After' }).click();
      await all.getByText('41 to 80 of 9,999').waitFor();
      expect(await page.locator('[role=row], li').count()).toBeLessThanOrEqual(80);
      expect(await faultsOf(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
      await page.keyboard.press('Escape');
      await all.waitFor({ state: 'detached' });
      await page.unrouteAll({ behavior: 'wait' });
      expect(complaints).toEqual([]);
    },
  );

  it('is begun on all that a search finds, and followed to its end, with the way to each job', async () => {
    await using window = await fleet.open();
    const { page, complaints } = window;
    await signIn(page, 'ada');
    await page.goto('/hosts?q=state:behind');
    await page.getByRole('button', { name: 'Install updates on 1 host …' }).press('Enter');
    const question = page.getByRole('alertdialog', { name: 'on ' });
    await question.getByLabel('What is installed').selectOption('all updates');
    await question.getByRole('listitem').filter({ hasText: name }).waitFor();
    await question.getByRole('button', { name: 'Yes, install them on 1 host' }).press('Enter');
    await heading(page, 'Install all updates on 1 host').waitFor();
    const outcomes = page.getByRole('table', { name: 'How it stands on its hosts' });
    const done = outcomes.getByRole('row').filter({ hasText: 'completed' });
    await done.waitFor();
    await page.getByText('It is over on 1 host.').waitFor();
    expect(await page.getByRole('link', { name: 'state:behind' }).getAttribute('href')).toContain(
      '/hosts?q=',
    );
    expect(await faultsOf(page)).toEqual([]);
    await done.getByRole('link', { name: '1 host' }).click();
    await heading(page, 'Jobs').waitFor();
    expect(new URL(page.url()).search).toMatch(/^\?act=[\da-f-]{36}&state=completed$/);
    await table(page)
      .getByRole('link', { name: `install updates on ${name}` })
      .click();
    await heading(page, `install updates on ${name}`).waitFor();
    expect(await page.getByRole('button', { name: 'Cancel the job' }).count()).toBe(0);
    // An operator does not see the audit log.
    expect(await page.getByRole('link', { name: 'what the audit log says of it' }).count()).toBe(0);
    await page.goto('/jobs');
    await page.getByRole('link', { name: 'On many hosts' }).click();
    await page.getByRole('link', { name: 'all updates on 1 host' }).waitFor();
    const here = page.getByRole('navigation', { name: 'Screens' }).locator('[aria-current=page]');
    expect(await here.allTextContents()).toEqual(['Jobs']);
    await page.getByRole('link', { name: 'all updates on 1 host' }).click();
    await heading(page, 'Install all updates on 1 host').waitFor();
    expect(await whyNot(page, 'Stop it')).toBe('No host waits for its turn any more.');
    expect(complaints).toEqual([]);
  });

  it('is stopped for the hosts that wait, and says when the manager has asked them all meanwhile', async () => {
    await using window = await fleet.open();
    const { page } = window;
    await signIn(page, 'ada');
    // Only how many wait is made up.
    await page.route('**/api/v1/acts/*', async (route) => {
      if (route.request().method() !== 'GET') return route.continue();
      const answer = await page.request.get(route.request().url(), { ignoreHTTPSErrors: true });
      const { data, ...rest } = (await answer.json()) as { readonly data: { counts: object } };
      const counts = { ...data.counts, waiting: 3 };
      return route.fulfill({ json: { ...rest, data: { ...data, hosts: 4, counts } } });
    });
    await page.goto('/acts');
    await page.getByRole('link', { name: 'all updates on 1 host' }).click();
    await page.getByText('It is over on 1 of 4 hosts.').waitFor();
    await page.getByRole('button', { name: 'Stop it for 3 hosts …' }).click();
    const question = page.getByRole('alertdialog', { name: 'Stop it for 3 hosts?' });
    await question.getByText('3 hosts that were not asked yet stay as they are.').waitFor();
    await question.getByRole('button', { name: 'Stop it for 3 hosts' }).click();
    await question.getByRole('alert').getByText('Every host was asked already').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.unrouteAll({ behavior: 'wait' });
  });

  it('is led to from the audit log, which a job leads to', async () => {
    await makePerson(fleet.manager, 'ruth', 'admin');
    await using window = await fleet.open();
    const { page, complaints } = window;
    await signIn(page, 'ruth');
    await page.goto('/audit?event=admin_call&about=stop');
    const record = page.getByRole('row').filter({ hasText: 'POST /acts/{id}/stop' }).first();
    await record.getByRole('link', { name: /^[\da-f]{8}$/ }).click();
    await heading(page, 'Install all updates on 1 host').waitFor();
    await page.getByRole('link', { name: '1 host' }).click();
    await table(page)
      .getByRole('link', { name: `install updates on ${name}` })
      .click();
    await page.getByRole('link', { name: 'what the audit log says of it' }).click();
    await heading(page, 'Audit').waitFor();
    await page.getByRole('row').filter({ hasText: 'Updates were started on a host' }).waitFor();
    expect(complaints).toEqual([]);
  });
});
