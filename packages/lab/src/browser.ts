import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { CERTUTIL, trustInBrowser } from './browser-store.ts';

/** Program of Chromium without windows; the whole browser takes twice the time for each page. */
const CHROMIUM = 'chromium-headless-shell';

/** What opens the manager's page, and the Debian package of each. */
export const BROWSER_PROGRAMS: readonly (readonly [program: string, debianPackage: string])[] = [
  [CHROMIUM, CHROMIUM],
  [CERTUTIL, 'libnss3-tools'],
];

/**
 * Debian's Chromium for the page of a manager, whose CA it trusts because it is in its own store (certutil(1)), as an
 * administrator would put it there: it refuses every other certificate.
 * @param root of the manager; the browser keeps what it has there, too
 */
export async function launchBrowser(root: string): Promise<Browser> {
  const home = join(root, 'browser');
  await trustInBrowser(join(home, '.pki/nssdb'), join(root, 'var/lib/linux_patch_manager/ca/root.pem'));
  return chromium.launch({
    executablePath: `/usr/bin/${CHROMIUM}`,
    // As root there is no sandbox of Chromium, and nothing but our own page is opened.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    env: { ...process.env, HOME: home },
  });
}
