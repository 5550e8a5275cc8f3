import type { Files } from './files.ts';

const DENIED = new Set(['EACCES', 'EPERM']);
/** Causes of causes; more are a circle. */
const MAX_DEPTH = 8;

/** The user that this process runs as; 0 is root, and what cannot be told is, too. */
export async function ownUid(files: Pick<Files, 'readText'>): Promise<number> {
  const status = (await files.readText('/proc/self/status').catch(() => undefined)) ?? '';
  return Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? 0);
}

function deniedPath(error: unknown): string | undefined {
  let one = error as NodeJS.ErrnoException | undefined;
  for (let depth = 0; one instanceof Error && depth < MAX_DEPTH; depth += 1) {
    if (DENIED.has(one.code ?? '')) return one.path ?? one.message;
    one = one.cause as NodeJS.ErrnoException | undefined;
  }
  return undefined;
}

/** What an ordinary user is told who may not do what a command needs; undefined for root, and for every other failure. */
export async function permissionAdvice(
  files: Pick<Files, 'readText'>,
  error: unknown,
  command: string,
): Promise<string | undefined> {
  const path = deniedPath(error);
  if (path === undefined || (await ownUid(files)) === 0) return undefined;
  return `You may not use ${path}. This command is for root: sudo ${command} …`;
}
