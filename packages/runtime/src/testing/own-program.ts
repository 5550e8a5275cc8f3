import { join } from 'node:path';

const CHECKOUT = join(import.meta.dirname, '../../../../bin');

/**
 * What starts a program of ours: the one script that the run of the tests has made of its sources, which starts in a part of
 * the time, or the start script of the checkout.
 */
export function ownProgram(name: 'linux-patch-api' | 'linux-patch-worker' | 'linux-patch-manager'): string {
  return join(process.env.TEST_PROGRAMS_FOLDER ?? CHECKOUT, name);
}
