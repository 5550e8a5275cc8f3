import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../../manager/src/database/open.ts';
import { launchBrowser } from '../../src/browser.ts';
import { writeFleet } from '../../src/manager-bench/fleet.ts';
import { type ManagerProcess, startManagerProcess } from '../../src/manager-process.ts';
import { installPage } from '../../src/page.ts';
import { makePerson, openWindow } from './fleet-page.ts';
import { signIn } from './visit.ts';

/** So many times slower than this machine: a laptop of some years, on battery. */
const SLOWED = 4;
const PACKAGES_EACH = 100;
const ROWS = 80;

/** A manager with its page and so many hosts on record, as listings leave them. */
async function startWith(root: string, hosts: number): Promise<ManagerProcess> {
  await installPage(root);
  const manager = await startManagerProcess(root);
  await makePerson(manager, 'ada', 'operator');
  await manager.kill();
  {
    await using database = await openDatabase(join(root, 'var/lib/linux_patch_manager/manager.sqlite'));
    await writeFleet(database.db, { hosts, packagesEach: PACKAGES_EACH }, Date.now());
  }
  await manager.start();
  return manager;
}

/** Milliseconds from the beginning of the visit, or from `sinceMs`, until such a text is to be seen. */
async function until(page: Page, text: RegExp, sinceMs = 0): Promise<number> {
  const shownMs = await page.evaluate(`new Promise((resolve) => {
    const look = () =>
      ${text}.test(document.body?.innerText ?? '') ? resolve(performance.now()) : requestAnimationFrame(look);
    look();
  })`);
  return Number(shownMs) - sinceMs;
}

/** Opens a screen anew, as the first one of the day. */
async function visit(page: Page, path: string, text: RegExp): Promise<number> {
  await page.goto(path, { waitUntil: 'commit' });
  return until(page, text);
}

describe('The page on a slowed processor', () => {
  it.each([10, 10_000])('is there, and follows the keys, with %i hosts', async (hosts) => {
    await using stack = new AsyncDisposableStack();
    const { path: folder } = stack.use(await temporaryFolder());
    const root = join(folder, 'manager');
    const manager = stack.use(await startWith(root, hosts));
    const browser = stack.adopt(await launchBrowser(root), (one) => one.close());
    const { page, context, complaints } = stack.use(await openWindow(browser, manager.url, {}));
    await signIn(page, 'ada');
    const developer = await context.newCDPSession(page);
    await developer.send('Emulation.setCPUThrottlingRate', { rate: SLOWED });
    const all = hosts.toLocaleString('en');
    const dashboard = await visit(page, '/', new RegExp(`\\b${all}\\s*=\\s*all hosts`));
    const list = await visit(page, '/hosts', new RegExp(`\\b${all} hosts`));
    const last = `host-${String(hosts - 1).padStart(5, '0')}`;
    await page.getByLabel('Search').focus();
    const sinceMs = Number(await page.evaluate('performance.now()'));
    await page.keyboard.type(last);
    const search = await until(page, new RegExp(`\\b1 host of ${all}`), sinceMs);
    expect(await page.getByRole('row').count()).toBeLessThanOrEqual(ROWS);
    expect(complaints).toEqual([]);
    const took = [dashboard, list, search].map((ms) => `${Math.round(ms)} ms`);
    process.stdout.write(
      `page, ${hosts} hosts, processor slowed ${SLOWED} times: dashboard painted after ${took[0]}, list of hosts after ${took[1]}, a search of ${last.length} keys answered ${took[2]} after the first\n`,
    );
  });
});
