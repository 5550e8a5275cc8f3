import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ManagerPage, openManagerPage } from './manager-page.ts';
import { signInAs } from './walk.ts';

let world: ManagerPage;
beforeAll(async () => {
  world = await openManagerPage({ ada: 'admin' });
});
afterAll(() => world[Symbol.asyncDispose]());

/** Only what a page is told makes it ask again: it notes how often it would ask by itself, and does not. */
const NO_POLLING = 'window.intervals = []; window.setInterval = (_, ms) => intervals.push(ms);';

const makeToken = (note: string) => world.manager.json('tokens', 'create', '--note', note);

/** The list of join tokens, which says nothing of the time. */
async function openTokens(page: Page): Promise<void> {
  await page.goto('/queue/tokens');
  await page.getByRole('heading', { level: 1, name: 'Join tokens' }).waitFor();
}

/** How many streams of hints the tabs of a browser hold now. */
function countStreams(context: BrowserContext) {
  const open = new Set<unknown>();
  const isStream = (url: string) => new URL(url).pathname === '/api/v1/events';
  context.on('request', (request) => isStream(request.url()) && open.add(request));
  for (const over of ['requestfinished', 'requestfailed'] as const)
    context.on(over as 'requestfinished', (request) => open.delete(request));
  return () => open.size;
}

/** Puts a tab out of sight, as another one in front of it does. */
const HIDE =
  "Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' }); document.dispatchEvent(new Event('visibilitychange'));";

describe('The page', () => {
  it('shows what changed at once, in all tabs over one stream, also when the tab that has it goes out of sight', async () => {
    await using window = await world.open();
    const { page: first, context, complaints } = window;
    await context.addInitScript(NO_POLLING);
    const streams = countStreams(context);
    await first.goto('/queue/tokens');
    await signInAs(first, 'ada');
    await first.getByText('No join tokens.').waitFor();
    const second = await context.newPage();
    await openTokens(second);
    await expect.poll(streams).toBe(1);
    await makeToken('seen by both');
    for (const page of [first, second]) await page.getByRole('cell', { name: 'seen by both' }).waitFor();
    await first.evaluate(HIDE);
    await makeToken('seen by the other');
    await second.getByRole('cell', { name: 'seen by the other' }).waitFor();
    await expect.poll(streams).toBe(1);
    expect(await first.getByRole('cell', { name: 'seen by the other' }).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('asks seldom while it is told of changes, and as ever where it is not', async () => {
    await using window = await world.open();
    const { page } = window;
    await page.addInitScript(NO_POLLING);
    await page.goto('/queue/tokens');
    await signInAs(page, 'ada');
    const newest = () => page.evaluate('intervals.at(-1)');
    await expect.poll(newest).toBe(120_000);
    await page.route('**/api/v1/events**', (route) => route.fulfill({ status: 503 }));
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Join tokens' }).waitFor();
    await expect.poll(newest).toBe(20_000);
  });

  it('is back after a restart of the manager, with what was done meanwhile', async () => {
    await using window = await world.open();
    const { page } = window;
    await page.addInitScript(NO_POLLING);
    await page.goto('/queue/tokens');
    await signInAs(page, 'ada');
    await expect.poll(() => page.evaluate('intervals.at(-1)')).toBe(120_000);
    await world.manager.kill();
    await page.getByText('The manager does not answer').first().waitFor();
    await world.manager.start();
    await makeToken('made after the restart');
    await page.getByRole('cell', { name: 'made after the restart' }).waitFor();
  });

  it('says that the manager was upgraded below it, keeps what is typed, and loads anew when that is wanted', async () => {
    await using window = await world.open();
    const { page } = window;
    await page.goto('/queue/tokens');
    await signInAs(page, 'ada');
    await page.getByRole('cell', { name: 'made after the restart' }).waitFor();
    await page.getByLabel('Note').fill('typed before');
    const status = (await page.evaluate(
      "fetch('/api/v1/status', { headers: { 'linux-patch-request': '1' } }).then((answer) => answer.json())",
    )) as { readonly data: object };
    await world.manager.kill();
    // Only the number of the version is made up; the answer is else that of the manager.
    await page.route('**/api/v1/status', (route) =>
      route.fulfill({ json: { ...status, data: { ...status.data, version: '9.9.9' } } }),
    );
    await world.manager.start();
    await page.getByText(/The manager runs version 9\.9\.9 by now, and this page is of \d/).waitFor();
    expect(await page.getByLabel('Note').inputValue()).toBe('typed before');
    await page.unroute('**/api/v1/status');
    await page.getByRole('button', { name: 'Load it anew' }).click();
    await page.getByRole('cell', { name: 'made after the restart' }).waitFor();
    expect(await page.getByText('The manager runs version').count()).toBe(0);
  });
});
