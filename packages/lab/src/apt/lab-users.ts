import { chown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProgramResult, runProgram } from '../process.ts';
import type { PrivateAptRoot } from './private-root.ts';

/** `nobody` on every Linux. */
const NOBODY = 65_534;

/** Whose rights a test works with: those of the caller, or those of an ordinary user. */
export const USERS = process.getuid?.() === 0 ? (['root', 'nobody'] as const) : (['caller'] as const);
export type User = (typeof USERS)[number];

/** Runs a program with the rights of `user`. */
export function runAs(
  user: User,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ProgramResult> {
  if (user !== 'nobody') return runProgram(program, args, { env });
  const ids = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  return runProgram('setpriv', [...ids, program, ...args], { env });
}

/** Makes a folder and what is in it belong to `user`. */
export async function giveTo(user: User, folder: string): Promise<void> {
  if (user !== 'nobody') return;
  await chown(folder, NOBODY, NOBODY);
  for (const path of await readdir(folder, { recursive: true })) {
    await chown(join(folder, path), NOBODY, NOBODY);
  }
}

/** Hands a private root to `user`; its programs then run with that user's rights. */
export async function rootOf(user: User, root: PrivateAptRoot): Promise<PrivateAptRoot['run']> {
  await giveTo(user, root.folder);
  return (program, args) => runAs(user, program, args, root.env);
}
