import type { PackageDoors } from '../doors.ts';
import { ask } from './failure.ts';
import { aptTool } from './neutral-options.ts';

/** Which of these packages count as automatically installed; `apt-get install` would change that. */
export async function readAutomatic(doors: PackageDoors, names: readonly string[]): Promise<string[]> {
  const tool = aptTool('apt-mark', ['showauto', '--', ...names]);
  return (await ask(doors, 'apt-mark showauto', tool)).split('\n').filter(Boolean);
}

export async function markAutomatic(doors: PackageDoors, names: readonly string[]): Promise<void> {
  await ask(doors, 'apt-mark auto', aptTool('apt-mark', ['auto', '--', ...names]));
}
