import { PatchError } from '@linux-patch/contract';
import type { PackageDoors } from '../doors.ts';
import { rpmEnvironment } from '../rpm/database.ts';
import { parseJson, readAnswer } from './answers.ts';
import type { AskDnf } from './doors.ts';
import { HELPER_BASE } from './helper-base.ts';
import { HELPER_PACKAGES } from './helper-packages.ts';
import { HELPER_UPDATES } from './helper-updates.ts';

/**
 * The program that answers for dnf 4: its own Python interface, run by the interpreter that runs dnf, which says in one
 * run what its command line says in four, and says it in a form for programs. Nothing of a question is part of the code.
 */
const HELPER = `${HELPER_BASE}${HELPER_UPDATES}${HELPER_PACKAGES}`;

/** A question takes less than a second; with every repository of a large distribution, on a slow host, some more. */
const LIMIT_MS = 180_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** Arguments of the interpreter: alone, so that neither the environment nor a folder adds code to it (python(1), -I). */
export function helperArguments(question?: object): string[] {
  return ['-I', '-c', HELPER, ...(question ? [JSON.stringify(question)] : [])];
}

/** Asks dnf 4. @param python the interpreter that runs it */
export function askHelper(
  { commands, root }: Pick<PackageDoors, 'commands' | 'root'>,
  python: string,
): AskDnf {
  return async (question, { answer, signal }) => {
    signal?.throwIfAborted();
    const result = await commands.run({
      program: python,
      args: helperArguments(),
      stdin: JSON.stringify({ root, ...question }),
      env: rpmEnvironment(root),
      timeoutMs: LIMIT_MS,
      maxOutputBytes: MOST_BYTES,
      ...(signal ? { signal } : {}),
    });
    signal?.throwIfAborted();
    const what = `dnf (${question.op})`;
    if (result.exitCode !== 0) throw brokenHelper(what, result);
    return readAnswer(what, parseJson(result.stdout), answer);
  };
}

function brokenHelper(
  what: string,
  result: { readonly exitCode: number | null; readonly stderr: string; readonly timedOut: boolean },
) {
  const last = result.stderr.trim().split('\n').at(-1) ?? '';
  const ended = result.timedOut ? 'did not answer in time' : `failed (exit ${result.exitCode})`;
  return new PatchError(
    result.timedOut ? 'TIMEOUT' : 'PKG_MANAGER_ERROR',
    `${what} ${ended}: ${last.slice(0, 500)}`,
  );
}
