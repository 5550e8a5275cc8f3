import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium without windows, for the manager's page: the whole browser takes twice the time for each page. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium-headless-shell',
    // As root there is no sandbox of Chromium, and nothing but our own page is opened.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}
