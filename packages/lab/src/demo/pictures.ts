import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FleetInventory, HostPackages } from '@linux-patch/contract';
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
  /** For whoever does not see it. */
  readonly about: string;
  readonly path: string;
  /** Brings the screen to what is to be seen. */
  readonly show?: (page: Page) => Promise<void>;
}

/** Where the screens of a host are below its own, and what they show. */
const TABS = {
  overview: 'One host: how it stands, and what it is',
  updates: 'The updates of a host: which packages wait, in which versions, and which are for security',
  packages: 'What a host has installed',
  services: 'Services of a host that run code which was replaced',
  history: 'What changed on a host, and by which job',
  jobs: 'What a host was asked to do',
  identity: 'The certificates of a host, and until when they are good',
};

/** The last ones: hosts are patched for them. */
const ACTS: readonly Picture[] = [
  {
    name: 'act-question',
    about: 'What is asked before updates are installed on all hosts that a search found',
    path: '/hosts?q=demo.test',
    show: (page) => askForAct(page),
  },
  {
    name: 'act',
    about: 'Updates on several hosts: on how many it is over, and how it stands on the others',
    path: '/hosts?q=demo.test',
    show: async (page) => {
      await askForAct(page);
      await page.getByRole('alertdialog').getByRole('button').last().click();
      await page.getByText(/^It is over on \d+ hosts?\.$/).waitFor();
    },
  },
  {
    name: 'acts',
    about: 'What was asked of several hosts, by whom, and what became of it',
    path: '/acts',
  },
];

async function askForAct(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Install updates on \d+ hosts? …$/ }).click();
  await page.getByRole('alertdialog').waitFor();
}

/** Every screen that somebody sees who has signed in. */
function picturesOf({ current, behind, newcomer, person }: PictureFleet, job: string): Picture[] {
  return [
    {
      name: 'dashboard',
      about: 'The dashboard: how many hosts are current, behind and unknown, and what needs somebody now',
      path: '/',
      show: (page) => page.getByRole('link', { name: '1 host asking to join' }).waitFor(),
    },
    {
      name: 'hosts',
      about: 'All hosts with their state, what waits on them and how old each figure is',
      path: '/hosts',
    },
    ...Object.entries(TABS).map(([tab, about]) => ({
      name: `host-${tab}`,
      about,
      path: `/hosts/${behind}/${tab}`,
    })),
    {
      name: 'plan',
      about: 'The plan of a patch: exact versions, what is downloaded, and whether a reboot is needed',
      path: `/hosts/${behind}/patch`,
      show: async (page) => {
        await page.getByLabel('All updates').check();
        await page.getByRole('button', { name: 'Show what would be done' }).click();
        await page.getByRole('region', { name: 'What would be done' }).waitFor();
      },
    },
    {
      name: 'job',
      about: 'A job that has ended: what it printed, and each package before and after',
      path: `/hosts/${current}/jobs/${job}`,
    },
    { name: 'updates', about: 'What waits on the fleet, by package and by host', path: '/updates' },
    {
      name: 'jobs',
      about: 'The jobs of the fleet: who had what done where, and what became of it',
      path: '/jobs',
    },
    {
      name: 'queue',
      about: 'A host that asks to join, and the code that lets it in',
      path: '/queue',
      show: (page) => page.getByLabel(`Code of ${newcomer.name}`).fill(newcomer.code),
    },
    { name: 'join-tokens', about: 'Join tokens, with the line to paste on a host', path: '/queue/tokens' },
    { name: 'next-steps', about: 'What comes after the first person was made', path: '/setup' },
    { name: 'certificates', about: 'Certificates of hosts by the time that is left', path: '/certificates' },
    {
      name: 'audit',
      about: 'The audit log: who did what, when and from where, and all of one record',
      path: `/audit?about=${current}`,
      show: (page) => page.getByRole('row').getByRole('button').first().click(),
    },
    { name: 'account', about: "One's own passkeys, authenticator, sessions and password", path: '/account' },
    { name: 'people', about: 'People with their roles', path: '/settings/people' },
    {
      name: 'person',
      about: 'One person: role, sessions, and what may be done about both',
      path: `/settings/people/${person.name}`,
    },
    { name: 'programs', about: 'Programs that use the API, with their tokens', path: '/settings/programs' },
    { name: 'ca', about: 'The CA that hosts trust', path: '/settings/ca' },
    {
      name: 'configuration',
      about: 'What the manager runs with, and where each value is set',
      path: '/settings/configuration',
    },
    ...ACTS,
  ];
}

/** Waits until the manager has listed both hosts as they are, and each of the others. */
async function becomeKnown({ manager, current, behind }: PictureFleet): Promise<void> {
  const quietly = (): void => {};
  for (const words of [
    ['patch', current, '--all', '--wait'],
    ['refresh', behind],
  ]) {
    const code = await manager.show(quietly, ...words);
    if (code !== 0) throw new Error(`${words.join(' ')} ended with exit code ${code}`);
  }
  for (const [name, state] of [
    [current, 'current'],
    [behind, 'behind'],
  ] as const)
    await askUntil(`${name} to be listed as ${state}`, async () => {
      const { host } = HostPackages.parse(await manager.ask(`/hosts/${name}/inventory?limit=1`));
      return host.state === state ? host : undefined;
    });
  await askUntil('every host to be listed', async () => {
    const { figures } = FleetInventory.parse(await manager.ask('/inventory?limit=1'));
    return figures.unknown === 0 ? figures : undefined;
  });
}

/** The job that patched a host. */
async function newestJob({ manager, current }: PictureFleet): Promise<string> {
  const { jobs } = (await manager.ask(`/hosts/${current}/jobs`)) as {
    readonly jobs: readonly { readonly job_id: string }[];
  };
  const [newest] = jobs;
  if (!newest) throw new Error(`${current} has no job`);
  return newest.job_id;
}

/** Waits until a screen has all that it asked the manager for. */
async function settle(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor();
  const asking = page.getByText(/^Asking the manager for/);
  while ((await asking.count()) > 0) await asking.first().waitFor({ state: 'detached' });
}

const WIDTH = 1_100;
const LEAST_HEIGHT = 640;
/** What is longer shows its beginning. */
const MOST_HEIGHT = 1_000;

const THEMES = ['light', 'dark'] as const;

/** Takes a screen in both themes, into a folder for each. */
async function take(page: Page, name: string, folder: string): Promise<string> {
  const sizes: number[] = [];
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme });
    const path = join(folder, colorScheme, `${name}.png`);
    // Of a question, what is seen of it: the rest of the screen is only below it.
    const isAsked = (await page.locator('dialog[open]').count()) > 0;
    const { height = 0 } = isAsked ? {} : ((await page.locator('body').boundingBox()) ?? {});
    const clip = {
      x: 0,
      y: 0,
      width: WIDTH,
      height: Math.min(Math.max(Math.ceil(height), LEAST_HEIGHT), MOST_HEIGHT),
    };
    await page.screenshot({ path, clip, fullPage: true, animations: 'disabled', caret: 'hide' });
    sizes.push(Math.ceil((await stat(path)).size / 1000));
  }
  return `${name}.png, ${sizes.join(' and ')} kB`;
}

const SIGN_IN = { name: 'sign-in', about: 'Signing in' };

/** The document that shows all of them, each in both themes. */
function albumOf(pictures: readonly Pick<Picture, 'name' | 'about'>[]): string {
  const rows = pictures.map(({ name, about }) =>
    ['', ...THEMES.map((theme) => ` ![${about}](${theme}/${name}.png) `), ''].join('|'),
  );
  return [
    "# The manager's page",
    '',
    "Every screen in both themes, of the demo's world; `npm run pictures` takes them anew.",
    '',
    '| Light | Dark |',
    '|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** Takes pictures of every screen of the page, of which the README shows some, into a folder. */
export async function takePictures(
  fleet: PictureFleet,
  folder: string,
  say: (line: string) => void,
): Promise<void> {
  await becomeKnown(fleet);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await using stack = new AsyncDisposableStack();
  const browser = stack.adopt(await launchBrowser(fleet.manager.root), (one) => one.close());
  const page = await browser.newPage({
    baseURL: fleet.manager.url,
    viewport: { width: WIDTH, height: LEAST_HEIGHT },
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  page.setDefaultTimeout(180_000);
  const { name, password } = fleet.person;
  await page.goto('/');
  await page.getByLabel('Name').fill(name);
  say(`   ${await take(page, SIGN_IN.name, folder)}`);
  await page.locator('input[type=password]').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
  const pictures = picturesOf(fleet, await newestJob(fleet));
  await writeFile(join(folder, 'README.md'), albumOf([SIGN_IN, ...pictures]));
  for (const picture of pictures) {
    await page.goto(picture.path);
    await settle(page);
    await picture.show?.(page);
    say(`   ${await take(page, picture.name, folder)}`);
  }
}
