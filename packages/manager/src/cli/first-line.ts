import { PatchError } from '@linux-patch/contract';
import type { CommandContext } from './command-context.ts';

/**
 * The first line of a file, `-` for standard input; for secrets, which stand in no argument.
 * @throws PatchError `INVALID_REQUEST` when there is nothing in it
 */
export async function firstLine(context: CommandContext, file: string, what: string): Promise<string> {
  const text = file === '-' ? await context.readStdin() : await context.files.readText(file);
  const line = text?.split(/\r?\n/, 1)[0] ?? '';
  if (line !== '') return line;
  throw new PatchError('INVALID_REQUEST', `${file === '-' ? 'Standard input' : file} holds no ${what}.`);
}
