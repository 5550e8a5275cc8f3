import type { Locator, Page } from 'playwright-core';
import { PASSWORD } from './fleet-page.ts';

/** The name of a screen. */
export const heading = (page: Page, name: string): Locator => page.getByRole('heading', { level: 1, name });

export const password = (page: Page): Locator => page.locator('input[type=password]');

/** As somebody without a mouse does. */
export async function signIn(page: Page, name: string): Promise<void> {
  await page.goto('/');
  await page.getByLabel('Name').waitFor();
  await page.keyboard.type(name);
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await heading(page, 'Dashboard').waitFor();
}

/** The reason that a button gives why it cannot be pressed; undefined when it can. */
export async function whyNot(page: Page, button: string): Promise<string | undefined> {
  const found = page.getByRole('button', { name: button });
  await found.waitFor();
  const reason = await found.getAttribute('aria-describedby');
  if ((await found.getAttribute('aria-disabled')) !== 'true' || reason === null) return undefined;
  return (await page.locator(`[id="${reason}"]`).textContent()) ?? undefined;
}
