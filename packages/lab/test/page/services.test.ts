import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FleetPage, letIn, openFleetPage } from './fleet-page.ts';
import { type RunningProgram, runAsService } from './replaced-code.ts';
import { faultsOf } from './screen-readers.ts';
import { heading, signIn } from './visit.ts';

const SERVICE = 'lp-page-tick.service';
const FILE = '/usr/sbin/tick';

let fleet: FleetPage;
let program: RunningProgram;
let name: string;
beforeAll(async () => {
  fleet = await openFleetPage();
  ({ name } = fleet.host);
  await letIn(fleet);
  program = await runAsService(fleet.host.root, SERVICE, FILE);
});
afterAll(async () => {
  await program[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
});

describe('The services of a host', () => {
  it('that run replaced code are named and restarted, after a question, where the host allows it', async () => {
    await using window = await fleet.open({ viewport: { width: 360, height: 740 } });
    const { page, complaints } = window;
    const isFit = async (): Promise<void> => {
      expect(await faultsOf(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
    };
    await signIn(page, 'ada');
    await page.goto(`/hosts/${name}/services`);
    await page.getByText('None of them is known to run code that was replaced.').waitFor();
    const table = page.getByRole('region', { name: `Services of ${name}` });
    expect(await table.count()).toBe(0);
    await page.getByLabel('Services that run current code, too').check();
    const row = table.getByRole('row').filter({ hasText: SERVICE });
    expect(await row.textContent()).toContain('No');
    await program.replace();
    await page.getByRole('button', { name: 'Look again' }).click();
    await row.filter({ hasText: FILE }).waitFor();
    expect(await row.textContent()).toContain('Yes');
    await isFit();

    await page.getByRole('button', { name: `Restart ${SERVICE} …` }).click();
    const question = page.getByRole('alertdialog', { name: `Restart ${SERVICE} on ${name}?` });
    await isFit();
    await question.getByRole('button', { name: `Yes, restart ${SERVICE}` }).click();
    await question.getByText('The policy of the host forbids this').waitFor();
    await writeFile(
      join(fleet.host.root, 'etc/linux_patch_api/policy.yaml'),
      'allowed_operations: [restart-service]\n',
      { mode: 0o644 },
    );
    await question.getByRole('button', { name: `Yes, restart ${SERVICE}` }).click();
    await heading(page, `restart service on ${name}`).waitFor();
    await page.getByText(SERVICE, { exact: true }).waitFor();
    // What is below a private root has no services of its own that systemd could restart.
    await page.getByText('NOT_SUPPORTED', { exact: true }).waitFor();
    await isFit();
    expect(complaints).toEqual([]);
  });

  it('are shown to whoever may look, and the button says why it is not for them', async () => {
    await using window = await fleet.open();
    const { page } = window;
    await signIn(page, 'vera');
    await page.goto(`/hosts/${name}/services`);
    const restart = page.getByRole('button', { name: `Restart ${SERVICE} …` });
    await restart.waitFor();
    expect(await restart.getAttribute('aria-disabled')).toBe('true');
    await page.getByText('Your role, viewer, does not allow this (hosts:patch).').waitFor();
  });

  it('end with those of the whole host, after a question with the time and the reason, where the host allows it', async () => {
    await using window = await fleet.open({ viewport: { width: 360, height: 740 } });
    const { page, complaints } = window;
    await signIn(page, 'ada');
    await page.goto(`/hosts/${name}`);
    await page.getByRole('button', { name: `Reboot ${name} …` }).click();
    const question = page.getByRole('alertdialog', { name: `Reboot ${name}?` });
    await question.getByText('This cannot be taken back.').waitFor();
    await question.getByLabel('When').selectOption('in 5 min');
    await question.getByText('It can be cancelled until then').waitFor();
    await question.getByLabel('Why').fill('a new kernel');
    expect(await faultsOf(page)).toEqual([]);
    await question.getByRole('button', { name: `Yes, reboot ${name}` }).click();
    await question.getByText('The policy of the host forbids this').waitFor();
    expect(await question.getByLabel('Why').inputValue()).toBe('a new kernel');
    await writeFile(
      join(fleet.host.root, 'etc/linux_patch_api/policy.yaml'),
      'allowed_operations: [reboot]\n',
      { mode: 0o644 },
    );
    await question.getByRole('button', { name: `Yes, reboot ${name}` }).click();
    await heading(page, `reboot on ${name}`).waitFor();
    // What is below a private root is no machine that could be rebooted.
    await page.getByText('NOT_SUPPORTED', { exact: true }).waitFor();
    await page.goto(`/hosts/${name}`);
    await page.getByRole('button', { name: 'Cancel a reboot …' }).click();
    await page.getByRole('button', { name: `Yes, cancel it on ${name}` }).click();
    await heading(page, `cancel reboot on ${name}`).waitFor();
    expect(complaints).toEqual([]);
  });
});
