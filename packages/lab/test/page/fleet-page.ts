import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type AgentProcess, createLabHost, type LabHost } from '../../src/agent-process.ts';
import { buildToyRepository, type ToyRepository } from '../../src/apt/repository.ts';
import { launchBrowser } from '../../src/browser.ts';
import { type ManagerProcess, startManagerProcess } from '../../src/manager-process.ts';
import { installPage } from '../../src/page.ts';

export const PASSWORD = 'correct horse battery';

/** A manager with its page, a host that asks to join, people of two roles, and a browser. */
export interface FleetPage extends AsyncDisposable {
  readonly manager: ManagerProcess;
  readonly host: LabHost;
  readonly agent: AgentProcess;
  /** Where the host has its packages from; updates of it are published. */
  readonly repository: ToyRepository;
  /** A browser's window of its own, in which nobody is signed in. */
  open(options?: Parameters<Browser['newContext']>[0]): Promise<Window>;
}

/** A window, with what the browser complained about in it. */
export interface Window extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts and of the content security policy. */
  readonly complaints: string[];
}

export async function makePerson(manager: ManagerProcess, name: string, role: string): Promise<void> {
  const file = join(manager.root, `${name}.password`);
  await writeFile(file, PASSWORD, { mode: 0o600 });
  await manager.json('people', 'create', name, '--role', role, '--password-file', file);
}

/** Only what a fault says, not that a stranger's call was refused, which is what the test asks for. */
function isComplaint(text: string): boolean {
  return !/Failed to load resource: the server responded with a status of (?:401|403|409|422)/.test(text);
}

export async function openWindow(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newContext']>[0],
): Promise<Window> {
  const context = await browser.newContext({ baseURL: url, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && isComplaint(message.text())) complaints.push(message.text());
  });
  // Slow machines: a thing that is looked for comes when there is time for it.
  page.setDefaultTimeout(200_000);
  return { page, context, complaints, [Symbol.asyncDispose]: () => context.close() };
}

/**
 * Starts all of it; nothing of it is ours alone to say but the hosts' names.
 * @param configuration more lines of the manager's
 */
export async function openFleetPage(configuration: readonly string[] = []): Promise<FleetPage> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder());
  const repository = await buildToyRepository({ folder: join(folder, 'repository') });
  const root = join(folder, 'manager');
  await installPage(root);
  const manager = stack.use(await startManagerProcess(root, { configuration }));
  await makePerson(manager, 'ada', 'operator');
  await makePerson(manager, 'vera', 'viewer');
  const host = await createLabHost({
    root: join(folder, 'host'),
    name: 'amber.page.test',
    address: '127.0.0.41',
    repository,
    packages: ['toyhello', 'toylib', 'toyapp'],
    enrollment: [`manager_url: ${manager.url}`, 'report_ip: 127.0.0.41'],
  });
  const agent = stack.use(host.start());
  const browser = await launchBrowser(root);
  stack.defer(() => browser.close());
  await host.hostCode();
  await repository.publishUpdates();
  await host.apt.update();
  const owned = stack.move();
  return {
    manager,
    host,
    agent,
    repository,
    open: (options) => openWindow(browser, manager.url, options),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Lets the host in by its code, and waits until its agent takes orders. */
export async function letIn({ manager, host, agent }: FleetPage): Promise<void> {
  const { enrollments } = (await manager.json('enrollments', 'list')) as {
    readonly enrollments: readonly { readonly id: string }[];
  };
  await manager.json('enrollments', 'approve', enrollments[0]?.id ?? '', '--code', await host.hostCode());
  await agent.listening;
}
