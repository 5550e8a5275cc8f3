import { createHash } from 'node:crypto';
import type { Files } from '@linux-patch/runtime';
import { type CertificatePaths, currentLink } from './paths.ts';

/** A certificate file larger than this is not one. */
const SIZE_LIMIT_BYTES = 512 * 1024;

/** Notices that somebody changed the certificates at the configured paths, whichever way: switched, copied over, removed. */
export interface ChangedFiles extends Disposable {
  /**
   * True once for each change: at once when another set was made current, which is one step; else when the files have been
   * the same for two looks, because copying takes several.
   */
  look(): Promise<boolean>;
  /** What is there now is known; the program has put or judged it itself. */
  accept(): Promise<void>;
  /** Calls back when another set is made current, where the kernel tells. */
  follow(switched: () => void): void;
}

interface Seen {
  readonly digest: string;
  /** Where the link to the current set leads. */
  readonly current: string | undefined;
}

/** Begins with what is there now as known. */
export async function watchCertificateFiles(files: Files, paths: CertificatePaths): Promise<ChangedFiles> {
  const link = currentLink(paths);
  const see = async (): Promise<Seen> => {
    const current = await files.readLink(link).catch(() => undefined);
    const hash = createHash('sha256');
    for (const path of [paths.ca, paths.certificate, paths.key]) {
      const text = await files
        .readTextLimited(path, SIZE_LIMIT_BYTES)
        .catch((error: NodeJS.ErrnoException) => `cannot be read: ${error.code}`);
      hash.update(`${text === undefined ? 'absent' : text.length}:${text ?? ''}\n`);
    }
    return { digest: hash.digest('hex'), current };
  };
  let known = await see();
  let last = known;
  let switched: (() => void) | undefined;
  let watcher: Disposable | undefined;
  /** Where the kernel cannot tell now, the next look tries again; a folder that was replaced is another one. */
  const watch = (): void => {
    watcher?.[Symbol.dispose]();
    watcher = undefined;
    try {
      if (switched) watcher = files.watch(link, switched);
    } catch {
      // The looks notice it, only later.
    }
  };
  return {
    async look() {
      const now = await see();
      const isSettled = now.digest === last.digest;
      const isSwitched = now.current !== undefined && now.current !== known.current;
      if (!watcher || now.current !== last.current) watch();
      last = now;
      if (now.digest === known.digest || !(isSettled || isSwitched)) return false;
      known = now;
      return true;
    },
    async accept() {
      known = await see();
      last = known;
    },
    follow(callBack) {
      switched = callBack;
      watch();
    },
    [Symbol.dispose]() {
      watcher?.[Symbol.dispose]();
    },
  };
}
