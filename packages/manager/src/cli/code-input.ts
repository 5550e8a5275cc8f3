import { PatchError } from '@linux-patch/contract';
import type { CommandContext } from './command-context.ts';

/** `--code` alone is `true`: ask for it. */
export type CodeOption = string | true;

export interface CodeOptions {
  readonly code?: CodeOption;
  readonly codeFile?: string;
}

/** Help of `--code`. */
export const CODE_HELP =
  'the code that "linux-patch-api status" shows on the host: asked for on the terminal; with - read from standard input';

const SAY_HOW =
  'Say how the host is known: run this on a terminal and type the code that "linux-patch-api status" shows on the host, ' +
  'or give it with --code - on standard input or --code-file FILE; --no-code approves without.';

const SEEN =
  'Warning: a code among the arguments is in the process list, which everybody on this machine can read. ' +
  'Say --code alone and type it when asked, or --code - and give it on standard input.\n';

function required(text: string | undefined, where: string): string {
  const code = text?.trim();
  if (code) return code;
  throw new PatchError('INVALID_REQUEST', `${where} holds no code. Nothing was changed.`);
}

/**
 * The host code, as it was said to be given: asked for unless it comes otherwise.
 * @throws PatchError `INVALID_REQUEST` when there is none, and nobody to ask.
 */
export async function readCode(context: CommandContext, { code, codeFile }: CodeOptions): Promise<string> {
  if (code === '-' || codeFile === '-') return required(await context.readStdin(), 'Standard input');
  if (codeFile !== undefined) return required(await context.files.readText(codeFile), codeFile);
  if (typeof code === 'string') {
    context.stderr(SEEN);
    return code;
  }
  if (!context.ask) throw new PatchError('INVALID_REQUEST', SAY_HOW);
  const question = 'Host code ("linux-patch-api status" on the host shows it): ';
  return required(await context.ask(question, context.signal), 'What was typed');
}
