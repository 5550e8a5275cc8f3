import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium, for the manager's page. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    // As root there is no sandbox of Chromium, and nothing but our own page is opened.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}
