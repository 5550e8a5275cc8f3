import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../src/browser.ts';
import { type ManagerPlace, type ManagerProcess, startManagerProcess } from '../../src/manager-process.ts';
import { installPage } from '../../src/page.ts';
import { makePerson, openWindow, type Window } from './fleet-page.ts';

/** A manager with its page and no host, and a browser. */
export interface ManagerPage extends AsyncDisposable {
  readonly manager: ManagerProcess;
  /** A browser's window of its own, in which nobody is signed in. */
  open(options?: Parameters<Browser['newContext']>[0]): Promise<Window>;
}

/**
 * Starts it.
 * @param people who may sign in, with their roles
 * @param place where it runs, and more lines of its configuration
 */
export async function openManagerPage(
  people: Readonly<Record<string, string>> = {},
  place: Pick<ManagerPlace, 'name' | 'port' | 'configuration'> = {},
): Promise<ManagerPage> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder());
  const root = join(folder, 'manager');
  await installPage(root);
  const manager = stack.use(await startManagerProcess(root, place));
  for (const [name, role] of Object.entries(people)) await makePerson(manager, name, role);
  const browser = await launchBrowser(root);
  stack.defer(() => browser.close());
  const owned = stack.move();
  return {
    manager,
    open: (options) => openWindow(browser, manager.url, options),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
