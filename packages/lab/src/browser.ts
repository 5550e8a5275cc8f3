import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { must, runProgram } from './process.ts';

/** Program of Chromium without windows; the whole browser takes twice the time for each page. */
const CHROMIUM = 'chromium-headless-shell';
const CERTUTIL = 'certutil';

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
  const store = join(home, '.pki/nssdb');
  await mkdir(store, { recursive: true, mode: 0o700 });
  const nss = async (...args: readonly string[]) =>
    must(await runProgram(CERTUTIL, ['-d', `sql:${store}`, ...args]), 'the certificate store of the browser');
  await nss('-N', '--empty-password');
  const ca = join(root, 'var/lib/linux_patch_manager/ca/root.pem');
  await nss('-A', '-n', 'Linux Patch', '-t', 'C,,', '-i', ca);
  return chromium.launch({
    executablePath: `/usr/bin/${CHROMIUM}`,
    // As root there is no sandbox of Chromium, and nothing but our own page is opened.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    env: { ...process.env, HOME: home },
  });
}
