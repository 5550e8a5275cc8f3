import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AuthorityStatus } from '@linux-patch/contract';
import { parseCertificates, spkiFingerprint } from '@linux-patch/pki';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentProcess } from '../../src/agent-process.ts';
import { type FleetPage, letIn, makePerson, openFleetPage, PASSWORD } from './fleet-page.ts';
import { faultsOf } from './screen-readers.ts';
import { heading, signIn } from './visit.ts';
import { isAsWideAs } from './walk.ts';

const HOST = 'amber.page.test';

let fleet: FleetPage;
let agent: AgentProcess;
beforeAll(async () => {
  fleet = await openFleetPage();
  await letIn(fleet);
  await makePerson(fleet.manager, 'carla', 'admin');
  agent = fleet.agent;
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await fleet[Symbol.asyncDispose]();
});

async function standing(): Promise<AuthorityStatus> {
  return AuthorityStatus.parse(await fleet.manager.json('ca', 'status'));
}

const button = (page: Page, name: string) => page.getByRole('button', { name });
const question = (page: Page, name: string) => page.getByRole('alertdialog', { name });
const followed = (page: Page) => page.getByText('1 of 1 host has followed');

/** Takes a step after its question, as soon as every host has followed. */
async function take(page: Page, step: string): Promise<void> {
  await followed(page).waitFor();
  await button(page, `${step} …`).click();
  await question(page, `${step}?`).getByRole('button', { name: step }).click();
  await question(page, `${step}?`).waitFor({ state: 'detached' });
}

/** As after more than ten minutes. */
function forgetProofs(): void {
  const database = new DatabaseSync(join(fleet.manager.root, 'var/lib/linux_patch_manager/manager.sqlite'));
  database.exec('update sessions set proven_at = 0');
  database.close();
}

describe('The replacement of the root CA', () => {
  it('is not there for whoever may not do it', async () => {
    await using window = await fleet.open();
    const { page } = window;
    await signIn(page, 'vera');
    await page.goto('/settings/ca');
    const begin = button(page, 'Begin to replace ca-1 …');
    await begin.waitFor();
    expect(await begin.getAttribute('aria-disabled')).toBe('true');
    await page.getByText('does not allow this (ca:manage)').waitFor();
  });

  it('is done step by step, waits for a host that is off and names it, and the host serves afterwards', async () => {
    await using window = await fleet.open();
    const { page, complaints } = window;
    await signIn(page, 'carla');
    await page.goto('/settings/ca');
    await heading(page, 'Certificate authority').waitFor();
    await page.getByText('No rotation is under way.').waitFor();
    const steps = page.getByRole('list', { name: 'Steps' }).getByRole('listitem');
    const told = await steps.allTextContents();
    expect(told.map((one) => /cannot be taken back|can be rolled back/.exec(one)?.[0])).toEqual([
      'can be rolled back',
      'can be rolled back',
      'can be rolled back',
      'cannot be taken back',
    ]);
    expect(told.at(-1)).toMatch(/^ca-1 is removed/);
    await agent[Symbol.asyncDispose]();

    forgetProofs();
    await button(page, 'Begin to replace ca-1 …').click();
    const begin = question(page, 'Begin to replace ca-1?');
    await begin.getByText('It can be rolled back until the last step.').waitFor();
    await begin.getByRole('button', { name: 'Begin to replace ca-1' }).click();
    await begin.getByText('Is it you?').waitFor();
    expect((await standing()).phase).toBe('standby');
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press('Enter');
    await begin.waitFor({ state: 'detached' });

    // The host is off: it is named with its reason, and the next step says why it has to wait.
    const behind = page.getByRole('region', { name: 'Hosts that have not followed' });
    await behind.getByText('nothing listens there').waitFor();
    expect(await behind.getByRole('link', { name: HOST }).getAttribute('href')).toBe(
      `/hosts/${HOST}/identity`,
    );
    const go = button(page, 'Let the manager use ca-2 …');
    expect(await go.getAttribute('aria-disabled')).toBe('true');
    await page.getByText('1 of 1 host has not followed yet. They are told again every minute.').waitFor();
    expect(await page.locator('li[aria-current=step]').textContent()).toBe(
      '▶ now: Hosts learn to trust ca-2, which issues nothing yet.Hosts that are up follow within seconds, those that are off when they are back. It can be rolled back.',
    );
    expect(await faultsOf(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await isAsWideAs(page, 360)).toBe(true);

    // It can be left behind by name alone.
    await page.getByLabel('Go on without the 1 host that did not follow').check();
    await go.click();
    const without = question(page, 'Let the manager use ca-2?');
    await without.getByText(`1 host is left behind: ${HOST}.`).waitFor();
    await without.getByRole('button', { name: 'Leave it' }).click();
    expect((await standing()).phase).toBe('trust');

    agent = fleet.host.start();
    await agent.listening;
    await take(page, 'Let the manager use ca-2');
    await take(page, 'Give hosts certificates of ca-2');
    await take(page, 'Remove ca-1');
    await page.getByText('No rotation is under way.').waitFor();
    await page.getByRole('row', { name: /^ca-2 current manager, hosts 1 / }).waitFor();
    await page.getByRole('row', { name: /^ca-1 retired / }).waitFor();
    await followed(page).waitFor();

    const root = (await standing()).authorities.find((ca) => ca.role === 'current')?.fingerprint;
    const trusted = await readFile(join(fleet.host.root, 'etc/linux_patch_api/certs/ca.pem'), 'utf8');
    expect(parseCertificates(trusted).map(({ pem }) => spkiFingerprint(pem))).toEqual([root]);
    // The host itself is asked for its jobs.
    await page.goto(`/hosts/${HOST}/jobs`);
    await page.getByText('The host has had no job.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('is rolled back from its page, and a step that somebody else took meanwhile is not taken twice', async () => {
    await using window = await fleet.open();
    const { page, complaints } = window;
    await signIn(page, 'carla');
    await page.goto('/settings/ca');
    await take(page, 'Begin to replace ca-2');
    await followed(page).waitFor();
    await button(page, 'Let the manager use ca-3 …').click();
    await fleet.manager.json('ca', 'rotate', 'continue');
    const late = question(page, 'Let the manager use ca-3?');
    await late.getByText('The rotation stands elsewhere by now. Leave it, and look again.').waitFor();
    await page.keyboard.press('Escape');
    await take(page, 'Roll back to ca-2');
    await take(page, 'End the rollback and remove ca-3');
    await page.getByText('No rotation is under way.').waitFor();
    await page.getByRole('row', { name: /^ca-3 discarded / }).waitFor();
    expect(complaints).toEqual([]);
  });
});
