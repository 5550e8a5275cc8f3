import { expect } from 'vitest';
import type { Window } from './fleet-page.ts';

/** Looks whether such a text is shown whole, is copied by one key, and is marked where the browser lets no page copy. */
export async function isCopied({ page, context }: Window, name: string): Promise<void> {
  const text = page.getByRole('group', { name, exact: true });
  const copy = page.getByRole('button', { name: 'Copy', description: name });
  const place = `document.getElementById(${JSON.stringify(await text.getAttribute('id'))})`;
  expect([name, await page.evaluate(`${place}.scrollWidth - ${place}.clientWidth`)]).toEqual([name, 0]);
  await page.evaluate('navigator.clipboard.writeText = () => Promise.reject(new Error("not here"))');
  await copy.press('Enter');
  await page.getByText('It is marked now').waitFor();
  expect(await page.evaluate('getSelection().toString()')).toBe(await text.textContent());
  await page.evaluate('delete navigator.clipboard.writeText');
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await copy.press('Enter');
  await page.getByText('Copied.').waitFor();
  expect(await page.evaluate('navigator.clipboard.readText()')).toBe(await text.textContent());
}
