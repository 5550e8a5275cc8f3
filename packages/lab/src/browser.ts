import { type Browser, chromium } from 'playwright-core';

/** Program and Debian package of Chromium without windows; the whole browser takes twice the time for each page. */
export const CHROMIUM = 'chromium-headless-shell';

/** Debian's Chromium, for the manager's page. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: `/usr/bin/${CHROMIUM}`,
    // As root there is no sandbox of Chromium, and nothing but our own page is opened.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}
