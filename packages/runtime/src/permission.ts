import type { Files } from './files.ts';

const DENIED = new Set(['EACCES', 'EPERM']);
/** Causes of causes; more are a circle. */
const MAX_DEPTH = 8;

/** Real and effective user of this process (proc_pid_status(5)); what cannot be told is root. */
async function readUids(files: Pick<Files, 'readText'>): Promise<{ real: number; effective: number }> {
  const status = (await files.readText('/proc/self/status').catch(() => undefined)) ?? '';
  const [, real = 0, effective = 0] = /^Uid:\s+(\d+)\s+(\d+)/m.exec(status) ?? [];
  return { real: Number(real), effective: Number(effective) };
}

/** The user that this process runs as; 0 is root, and what cannot be told is, too. */
export async function ownUid(files: Pick<Files, 'readText'>): Promise<number> {
  return (await readUids(files)).effective;
}

/** Whether root has started this process, which may act as somebody else now (`Files.actAs`). */
export async function isStartedByRoot(files: Pick<Files, 'readText'>): Promise<boolean> {
  return (await readUids(files)).real === 0;
}

function deniedPath(error: unknown): string | undefined {
  let one = error as NodeJS.ErrnoException | undefined;
  for (let depth = 0; one instanceof Error && depth < MAX_DEPTH; depth += 1) {
    if (DENIED.has(one.code ?? '')) return one.path ?? one.message;
    one = one.cause as NodeJS.ErrnoException | undefined;
  }
  return undefined;
}

/**
 * What an ordinary user is told who may not do what a command needs; undefined for root, and for every other failure.
 * @param ownFolder whose owner is no ordinary user, but the one as whom the program itself runs
 */
export async function permissionAdvice(
  files: Pick<Files, 'readText' | 'facts'>,
  error: unknown,
  command: string,
  ownFolder?: string,
): Promise<string | undefined> {
  const path = deniedPath(error);
  const uid = await ownUid(files);
  if (path === undefined || uid === 0) return undefined;
  const own = ownFolder === undefined ? undefined : await files.facts(ownFolder).catch(() => undefined);
  if (own?.uid === uid)
    return `The user as whom this runs may not use ${path}. Give it to that user, as root: chown --reference=${ownFolder} ${path}`;
  return `You may not use ${path}. This command is for root: sudo ${command} …`;
}
