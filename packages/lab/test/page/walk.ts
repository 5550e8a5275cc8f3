import type { Locator, Page } from 'playwright-core';
import { PASSWORD } from './fleet-page.ts';

/** The sign-in, which may have a screen with fields of its own behind it. */
export function signInForm(page: Page): Locator {
  return page.getByRole('main').filter({ has: page.getByRole('button', { name: 'Sign in' }) });
}

/** Fills it in and sends it. */
export async function signInAs(page: Page, name: string): Promise<void> {
  const form = signInForm(page);
  await form.getByLabel('Name').fill(name);
  await form.locator('input[type=password]').fill(PASSWORD);
  await form.getByRole('button', { name: 'Sign in' }).click();
}

/** Whether nothing has to be scrolled sideways. */
export async function isAsWideAs(page: Page, width: number): Promise<boolean> {
  return Number(await page.evaluate('document.documentElement.scrollWidth')) <= width;
}
