import { ensurePrograms } from '../system-packages.ts';

/** Before the first test. */
export function setup(): void {
  ensurePrograms('Testing the page', [
    ['chromium-headless-shell', 'chromium-headless-shell'],
    ['faketime', 'faketime'],
  ]);
}
