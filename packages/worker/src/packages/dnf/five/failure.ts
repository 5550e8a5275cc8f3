import type { CommandResult } from '@linux-patch/runtime';
import type { ToolFailure } from '../../adapter.ts';
import { meaningOf } from '../failure.ts';
import { ownLines } from './output.ts';

/** What dnf 5 tells though nothing is wrong: repositories, sizes, keys, bars. */
const NOISE =
  /^(?:Updating and loading repositories:|Repositories loaded\.|Total size of |After this operation|Running transaction$|Importing OpenPGP key| *(?:UserID|Fingerprint|From) +:|The key was |Is this ok|-{9}|\[ *\d+\/\d+\]|.* [\d?]+% \||>>> Running |>>> Already downloaded|Failed to resolve the transaction:|You can try to add|  --|Operation aborted|Warning: skipped OpenPGP)/;
const WORDS_LIMIT = 12;

/** Whether a line tells nothing of what is wrong. */
export function isNoise(line: string): boolean {
  return NOISE.test(line);
}

/** Why a run of dnf 5 failed. What scripts of packages print counts for nothing. */
export function readDnf5Failure({ stderr }: Pick<CommandResult, 'stderr'>): ToolFailure {
  const lines = ownLines(stderr).filter((line) => line.trim() !== '' && !isNoise(line));
  const words = [...new Set(lines.map((line) => line.replace(/^>>> /, '').trim()))].slice(-WORDS_LIMIT);
  return { code: meaningOf(words.join('\n')), words };
}
