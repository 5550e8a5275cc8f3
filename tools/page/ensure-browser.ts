import { BROWSER_PROGRAMS } from '../../packages/lab/src/browser.ts';
import { ensurePrograms } from '../system-packages.ts';

/** Before the first test. */
export function setup(): void {
  ensurePrograms('Testing the page', [...BROWSER_PROGRAMS, ['faketime', 'faketime']]);
}
