import { type PackageDoors, READ_TIMEOUT_MS } from '../doors.ts';
import { aptFailure } from './failure.ts';
import { aptTool } from './neutral-options.ts';

/** Which of these packages count as automatically installed; `apt-get install` would change that. */
export async function readAutomatic(doors: PackageDoors, names: readonly string[]): Promise<string[]> {
  return (await aptMark(doors, 'showauto', names)).split('\n').filter(Boolean);
}

export async function markAutomatic(doors: PackageDoors, names: readonly string[]): Promise<void> {
  await aptMark(doors, 'auto', names);
}

async function aptMark(
  { commands }: PackageDoors,
  command: 'auto' | 'showauto',
  names: readonly string[],
): Promise<string> {
  const tool = aptTool('apt-mark', [command, '--', ...names]);
  const result = await commands.run({ ...tool, timeoutMs: READ_TIMEOUT_MS });
  if (result.exitCode !== 0) throw aptFailure(`apt-mark ${command}`, result);
  return result.stdout;
}
