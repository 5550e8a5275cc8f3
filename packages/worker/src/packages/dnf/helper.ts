import { PatchError } from '@linux-patch/contract';
import type { z } from 'zod';
import { belowRoot, type PackageDoors } from '../doors.ts';
import { rpmEnvironment } from '../rpm/database.ts';
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
/** Enough for the first line of a script. */
const FIRST_LINE_BYTES = 256;

export const DNF = '/usr/bin/dnf';

/** What the helper is reached through. */
export interface DnfDoors extends PackageDoors {
  /** The interpreter that runs dnf. */
  readonly python: string;
}

/** The interpreter in the first line of a script; undefined for a program that is none, as dnf 5 is. */
export function interpreterOf(firstLine: string): string | undefined {
  return /^#! ?(\/\S+)(?:[ \t]|\n|$)/.exec(firstLine)?.[1];
}

/** @throws PatchError `SERVICE_UNHEALTHY` for a dnf that is not dnf 4 */
export async function findInterpreter({ files }: Pick<PackageDoors, 'files'>): Promise<string> {
  const python = interpreterOf((await files.readTextLimited(DNF, FIRST_LINE_BYTES)) ?? '');
  if (python !== undefined) return python;
  throw new PatchError(
    'SERVICE_UNHEALTHY',
    `${DNF} of this host is dnf 5 or another program that is not written in Python; this release drives dnf 4 only, so nothing is listed or changed.`,
  );
}

/** Arguments of the interpreter: alone, so that neither the environment nor a folder adds code to it (python(1), -I). */
export function helperArguments(question?: object): string[] {
  return ['-I', '-c', HELPER, ...(question ? [JSON.stringify(question)] : [])];
}

/**
 * Asks dnf.
 * @throws PatchError when dnf cannot say, or says something else than it was asked; a part of an answer is never taken
 */
export async function askDnf<T>(
  doors: DnfDoors,
  question: { readonly op: string } & Readonly<Record<string, unknown>>,
  { answer, signal }: { readonly answer: z.ZodType<T>; readonly signal?: AbortSignal | undefined },
): Promise<T> {
  signal?.throwIfAborted();
  const result = await doors.commands.run({
    program: doors.python,
    args: helperArguments(),
    stdin: JSON.stringify({ root: doors.root, ...question }),
    env: rpmEnvironment(doors.root),
    timeoutMs: LIMIT_MS,
    maxOutputBytes: MOST_BYTES,
    ...(signal ? { signal } : {}),
  });
  signal?.throwIfAborted();
  const what = `dnf (${question.op})`;
  if (result.exitCode !== 0) throw brokenHelper(what, result);
  return readAnswer(what, result.stdout, answer);
}

/** @throws PatchError for an answer that is an error, or that is not what was asked for */
export function readAnswer<T>(what: string, text: string, schema: z.ZodType<T>): T {
  const said = parse(text);
  if (typeof said === 'object' && said !== null && 'error' in said)
    throw new PatchError('PKG_MANAGER_ERROR', `${what} failed: ${String(said.error).slice(0, 2_000)}`);
  const parsed = schema.safeParse(said);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new PatchError('PKG_MANAGER_ERROR', `${what} gave an answer that is not understood (${where}).`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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

/** Where dnf keeps what it downloaded. */
export function cacheFolder(doors: Pick<PackageDoors, 'root'>): string {
  return belowRoot(doors, 'var/cache/dnf');
}
