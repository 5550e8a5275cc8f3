import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../../src/process.ts';
import { type FleetPage, letIn, openFleetPage } from './fleet-page.ts';
import { faultsOf } from './screen-readers.ts';
import { heading, signIn, whyNot } from './visit.ts';

/** Says something, and waits until a test lets it go on, at most ten minutes. */
const WAITING = [
  'echo "toyhello is at work"',
  'tries=0',
  'while [ ! -e "$DPKG_ROOT/tmp/toyhello-go" ] && [ $tries -lt 6000 ]; do sleep 0.1; tries=$((tries + 1)); done',
  'echo "toyhello has done its work"',
].join('\n');

let fleet: FleetPage;
let name: string;
beforeAll(async () => {
  fleet = await openFleetPage();
  ({ name } = fleet.host);
  await letIn(fleet);
  await mkdir(join(fleet.host.root, 'tmp'), { recursive: true });
  must(await fleet.host.apt.run('apt-mark', ['hold', 'toyapp']), 'apt-mark hold');
});
afterAll(() => fleet[Symbol.asyncDispose]());

const go = () => join(fleet.host.root, 'tmp/toyhello-go');
const policy = () => join(fleet.host.root, 'etc/linux_patch_api/policy.yaml');

/** Publishes a version of toyhello whose installation waits. */
async function publishWaiting(version: string): Promise<void> {
  await rm(go(), { force: true });
  await fleet.repository.publishUpdates([{ name: 'toyhello', version, postinst: WAITING }]);
}

/** Asks for the plan of everything, and waits for it. */
async function planAll(page: Page): Promise<void> {
  await page.goto(`/hosts/${name}/patch`);
  await page.getByLabel('All updates').check();
  await page.getByRole('button', { name: 'Show what would be done' }).click();
  await page.getByRole('region', { name: 'What would be done' }).waitFor();
}

/** Says twice that the plan is to be done. */
async function apply(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Apply / }).click();
  const question = page.getByRole('alertdialog', { name: `Change ${name} now?` });
  await question.getByRole('button', { name: `Yes, change ${name}` }).click();
  await heading(page, `install updates on ${name}`).waitFor();
}

describe('Patching a host from its page', () => {
  it('says to a viewer, beside the plan, why it is not theirs to apply', async () => {
    await using window = await fleet.open();
    const { page } = window;
    await signIn(page, 'vera');
    await planAll(page);
    expect(await whyNot(page, 'Apply')).toContain('Your role, viewer');
    const steps = page.getByRole('region', { name: 'What would be done' });
    expect(await steps.getByRole('row', { name: /toylib.*✓ mends a fault/ }).count()).toBe(1);
    expect(await steps.getByRole('row', { name: /toyhello.* no\b/ }).count()).toBe(1);
    await page.getByText('Upgrades that mend security faults: 1 of 2.').waitFor();
  });

  it('says which rule of the host forbids it, and where that stands', async () => {
    await writeFile(policy(), 'allowed_operations: []\n', { mode: 0o644 });
    await using window = await fleet.open();
    const { page } = window;
    await signIn(page, 'ada');
    await planAll(page);
    await page.getByText('The policy of the host forbids this').waitFor();
    expect(await page.getByText('rule allowed_operations').textContent()).toContain('policy.yaml');
    expect(await whyNot(page, 'Apply')).toContain('The policy of the host forbids it');
    expect(await faultsOf(page)).toEqual([]);
    await rm(policy());
  });

  it('shows what is different when the host would do something else by now, and the way to the plan of now', async () => {
    await using window = await fleet.open();
    const { page, complaints } = window;
    await signIn(page, 'ada');
    await planAll(page);
    await fleet.repository.publishUpdates([{ name: 'toyhello', version: '1.2-1' }]);
    await apply(page);
    const different = page.getByRole('region', { name: 'What is different from the plan that was approved' });
    await different.waitFor();
    expect(await different.textContent()).toContain('1.2-1');
    expect(await page.getByRole('alert').textContent()).toContain('PLAN_CHANGED');
    expect(await faultsOf(page)).toEqual([]);
    await page.getByRole('link', { name: `Look at the plan of now for ${name}` }).click();
    await heading(page, `Patch ${name}`).waitFor();
    expect(await page.getByLabel('All updates').isChecked()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('does nothing twice, and loses no choice, when the manager is away at the wrong moment', async () => {
    await publishWaiting('1.3-1');
    await using window = await fleet.open();
    const { page } = window;
    await signIn(page, 'ada');
    await planAll(page);
    await page.getByRole('button', { name: /^Apply / }).click();
    await fleet.manager.kill();
    const yes = page.getByRole('button', { name: `Yes, change ${name}` });
    await yes.click();
    await page.getByText('To press the button again is safe').waitFor();
    expect(await page.getByLabel('All updates').isChecked()).toBe(true);
    await fleet.manager.start();
    await yes.click();
    await heading(page, `install updates on ${name}`).waitFor();
    await page.getByText('toyhello is at work').waitFor();
    const jobs = (await fleet.manager.json('jobs', name)) as { readonly jobs: readonly { status: string }[] };
    expect(jobs.jobs.filter(({ status }) => status === 'running')).toHaveLength(1);
  });

  it('says on the button that a job is on its way, and cancels that job after a question', async () => {
    await using window = await fleet.open();
    const { page, complaints } = window;
    await signIn(page, 'ada');
    await page.goto(`/hosts/${name}/patch`);
    const running = page.getByRole('link', { name: /install updates, running/ });
    await running.waitFor();
    expect(await whyNot(page, 'Show what would be done')).toContain('A job is on its way');
    await running.click();
    await page.getByText('toyhello is at work').waitFor();
    await page.getByRole('button', { name: 'Cancel the job' }).click();
    const question = page.getByRole('alertdialog', { name: `Cancel this job on ${name}?` });
    expect(await faultsOf(page)).toEqual([]);
    await question.getByRole('button', { name: `Yes, cancel it on ${name}` }).click();
    await page.getByText('Somebody cancelled it.').waitFor();
    expect(await page.getByRole('alert').textContent()).toContain('CANCELLED');
    expect(complaints).toEqual([]);
  });

  it.each([
    ['light', 1280, '1.4-1'],
    ['dark', 360, '1.5-1'],
  ] as const)(
    'shows the plan, asks with the name of the host, and does exactly that with the output as it comes; %s, %i px',
    async (colorScheme, width, version) => {
      await publishWaiting(version);
      await using window = await fleet.open({ colorScheme, viewport: { width, height: 740 } });
      const { page, complaints } = window;
      await signIn(page, 'ada');
      await page.goto(`/hosts/${name}/updates`);
      await page.getByRole('link', { name: `Patch ${name}` }).click();
      await planAll(page);
      const steps = page.getByRole('region', { name: 'What would be done' });
      expect(await steps.textContent()).toContain(version);
      const left = await page.getByRole('region', { name: 'What stays out' }).textContent();
      expect(left).toMatch(/toyapp.*held/);
      expect(await page.getByText(/to download, .* disk space/).count()).toBeGreaterThan(0);
      expect(await faultsOf(page)).toEqual([]);
      const isWide = () => page.evaluate('document.documentElement.scrollWidth > innerWidth');
      expect(await isWide()).toBe(false);
      await apply(page);
      await page.getByText('toyhello is at work').waitFor();
      expect(await page.getByRole('progressbar').count()).toBe(1);
      expect(await faultsOf(page)).toEqual([]);
      expect(await isWide()).toBe(false);
      await writeFile(go(), '');
      await page.getByText('✓ Done').waitFor();
      await page.getByText('toyhello has done its work').waitFor();
      const results = page.getByRole('region', { name: 'What became of each package' });
      expect(await results.textContent()).toContain(`${version}upgraded`);
      expect(await page.getByRole('button', { name: 'Cancel the job' }).count()).toBe(0);
      expect(await faultsOf(page)).toEqual([]);
      expect(complaints).toEqual([]);
    },
  );
});

describe('What waits on the fleet, and what was done', () => {
  it.each([
    ['light', 1280],
    ['dark', 360],
  ] as const)(
    'has its way to each host, and says why something stays; %s, %i px',
    async (colorScheme, width) => {
      await using window = await fleet.open({ colorScheme, viewport: { width, height: 740 } });
      const { page, complaints } = window;
      const isFit = async (): Promise<void> => {
        expect(await faultsOf(page)).toEqual([]);
        expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
      };
      await signIn(page, 'vera');
      await page.keyboard.type('gu');
      await heading(page, 'Updates').waitFor();
      // The host is listed anew when the job that patched it has ended.
      const waits = page
        .getByRole('region', { name: 'Updates by package' })
        .getByRole('row', { name: /toyapp/ });
      await waits.getByRole('link', { name: '1 host' }).waitFor();
      await isFit();
      await page.getByRole('link', { name: 'By host' }).click();
      await page.getByRole('region', { name: 'Updates by host' }).getByRole('link', { name }).waitFor();
      await isFit();
      await page.goBack();
      await waits.getByRole('link', { name: '1 host' }).click();
      const hosts = page.getByRole('region', { name: 'Hosts on which toyapp waits' });
      await hosts.getByText('held on the host').waitFor();
      await isFit();
      await hosts.getByRole('link', { name }).click();
      await page
        .getByRole('region', { name: 'When it was listed last' })
        .getByText('held on the host')
        .waitFor();
      await isFit();
      await page
        .getByRole('navigation', { name: `Of ${name}` })
        .getByRole('link', { name: 'Jobs' })
        .click();
      const jobs = page.getByRole('region', { name: `Jobs of ${name}` });
      await jobs.waitFor();
      for (const word of ['completed', 'cancelled', 'PLAN_CHANGED'])
        expect([word, (await jobs.textContent())?.includes(word)]).toEqual([word, true]);
      await isFit();
      expect(complaints).toEqual([]);
    },
  );

  it('is what a host says to whoever asks it, at once and for all who look', async () => {
    await using window = await fleet.open();
    const { page, context, complaints } = window;
    await signIn(page, 'vera');
    await page.goto('/updates');
    const waits = page.getByRole('region', { name: 'Updates by package' });
    await waits.waitFor();
    await fleet.repository.publishUpdates([{ name: 'toyapp', version: '9.0-1' }]);
    await fleet.host.apt.update();
    const other = await context.newPage();
    await other.goto(`/hosts/${name}/updates`);
    await other.getByRole('button', { name: 'Ask the host now' }).click();
    await other.getByRole('cell', { name: '9.0-1' }).waitFor();
    await waits.getByText('9.0-1').waitFor();
    expect(complaints).toEqual([]);
  });
});
