import { MIN_PASSWORD_CHARACTERS, NewPassword, PatchError } from '@linux-patch/contract';
import type { CommandContext } from './command-context.ts';
import { firstLine } from './first-line.ts';

/** Help of `--password-file`. */
export const PASSWORD_FILE_HELP =
  'file whose first line is the password; - for standard input; else it is asked for';

function refusal(why: string): PatchError {
  return new PatchError('INVALID_REQUEST', `${why} Nothing was changed.`);
}

function checked(password: string): string {
  const read = NewPassword.safeParse(password);
  if (read.success) return password;
  throw refusal(
    `The password ${read.error.issues[0]?.message ?? 'is refused'}. Several words with blanks between are good: at least ${MIN_PASSWORD_CHARACTERS} characters.`,
  );
}

/**
 * A password that somebody chooses: from a file, or asked for twice and not shown.
 * @throws PatchError `INVALID_REQUEST` when it does not fit, or nobody can be asked
 */
export async function readNewPassword(
  context: CommandContext,
  { name, passwordFile }: { readonly name: string; readonly passwordFile: string | undefined },
): Promise<string> {
  if (passwordFile !== undefined) return checked(await firstLine(context, passwordFile, 'password'));
  const { ask, signal } = context;
  if (!ask)
    throw refusal(
      'A password is asked for on a terminal, and here is none: give it in a file with --password-file FILE, or on standard input with --password-file -.',
    );
  const password = checked(await ask(`Password of ${name} (not shown): `, signal, { hidden: true }));
  if ((await ask('The same again: ', signal, { hidden: true })) === password) return password;
  throw refusal('The two passwords are not the same.');
}
