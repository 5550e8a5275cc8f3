import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { launchBrowser } from '../browser.ts';
import type { ManagerProcess } from '../manager-process.ts';
import { askUntil } from '../wait.ts';
import type { DemoPerson } from './page.ts';

/** The demo's fleet as the pictures show it. */
export interface PictureFleet {
  readonly manager: ManagerProcess;
  readonly person: DemoPerson;
  /** A host that is patched for them. */
  readonly current: string;
  /** A host with updates that wait. */
  readonly behind: string;
  /** A host that asks to join, and the code that it shows. */
  readonly newcomer: { readonly name: string; readonly code: string };
}

interface Picture {
  readonly name: string;
  readonly path: string;
  /** Brings the screen to what is to be seen. */
  readonly show: (page: Page) => Promise<void>;
}

function picturesOf({ behind, newcomer }: PictureFleet): Picture[] {
  return [
    {
      name: 'dashboard',
      path: '/',
      show: (page) => page.getByRole('link', { name: '1 host asking to join' }).waitFor(),
    },
    {
      name: 'queue',
      path: '/queue',
      show: (page) => page.getByLabel(`Code of ${newcomer.name}`).fill(newcomer.code),
    },
    {
      name: 'host',
      path: `/hosts/${behind}/updates`,
      show: (page) => page.getByRole('cell', { name: 'toylib', exact: true }).waitFor(),
    },
    {
      name: 'plan',
      path: `/hosts/${behind}/patch`,
      show: async (page) => {
        await page.getByLabel('All updates').check();
        await page.getByRole('button', { name: 'Show what would be done' }).click();
        await page.getByRole('region', { name: 'What is done' }).waitFor();
      },
    },
  ];
}

/** Waits until the manager has listed both hosts as they are. */
async function becomeKnown({ manager, current, behind }: PictureFleet): Promise<void> {
  const quietly = (): void => {};
  for (const words of [
    ['patch', current, '--all', '--wait'],
    ['refresh', behind],
  ]) {
    const code = await manager.show(quietly, ...words);
    if (code !== 0) throw new Error(`${words.join(' ')} ended with exit code ${code}`);
  }
  await askUntil('both hosts to be listed as they are', async () => {
    const { figures } = (await manager.ask('/inventory?limit=1')) as {
      readonly figures: { readonly current: number; readonly behind: number };
    };
    return figures.current === 1 && figures.behind === 1 ? figures : undefined;
  });
}

async function signIn(page: Page, { name, password }: DemoPerson): Promise<void> {
  await page.goto('/');
  await page.getByLabel('Name').fill(name);
  await page.locator('input[type=password]').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
}

/** Takes the pictures of the page that the README shows into a folder. */
export async function takePictures(
  fleet: PictureFleet,
  folder: string,
  say: (line: string) => void,
): Promise<void> {
  await becomeKnown(fleet);
  await mkdir(folder, { recursive: true });
  await using stack = new AsyncDisposableStack();
  const browser = stack.adopt(await launchBrowser(), (one) => one.close());
  const page = await browser.newPage({
    baseURL: fleet.manager.url,
    ignoreHTTPSErrors: true,
    viewport: { width: 1100, height: 640 },
    colorScheme: 'light',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  page.setDefaultTimeout(180_000);
  await signIn(page, fleet.person);
  for (const { name, path, show } of picturesOf(fleet)) {
    await page.goto(path);
    await show(page);
    const file = join(folder, `${name}.png`);
    await page.screenshot({ path: file, fullPage: true, animations: 'disabled', caret: 'hide' });
    say(`   ${name}.png, ${Math.ceil((await stat(file)).size / 1000)} kB`);
  }
}
