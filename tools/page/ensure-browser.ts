import { CHROMIUM } from '../../packages/lab/src/browser.ts';
import { ensurePrograms } from '../system-packages.ts';

/** Before the first test. */
export function setup(): void {
  ensurePrograms('Testing the page', [
    [CHROMIUM, CHROMIUM],
    ['faketime', 'faketime'],
  ]);
}
