import { createHash } from 'node:crypto';
import type { Files } from '@linux-patch/runtime';
import type { CertificatePaths } from './paths.ts';

/** A certificate file larger than this is not one. */
const SIZE_LIMIT_BYTES = 512 * 1024;

/** Notices that somebody changed the certificates at the configured paths, whichever way: copied over, linked, removed. */
export interface ChangedFiles {
  /** True once for each change, when the files have been the same for two looks: copying takes several steps. */
  look(): Promise<boolean>;
  /** What is there now is known; the program has put or judged it itself. */
  accept(): Promise<void>;
}

/** Begins with what is there now as known. */
export async function watchCertificateFiles(files: Files, paths: CertificatePaths): Promise<ChangedFiles> {
  const digest = async (): Promise<string> => {
    const hash = createHash('sha256');
    for (const path of [paths.ca, paths.certificate, paths.key]) {
      const text = await files
        .readTextLimited(path, SIZE_LIMIT_BYTES)
        .catch((error: NodeJS.ErrnoException) => `cannot be read: ${error.code}`);
      hash.update(`${text === undefined ? 'absent' : text.length}:${text ?? ''}\n`);
    }
    return hash.digest('hex');
  };
  let known = await digest();
  let seen = known;
  return {
    async look() {
      const now = await digest();
      const settled = now === seen;
      seen = now;
      if (now === known || !settled) return false;
      known = now;
      return true;
    },
    async accept() {
      known = await digest();
      seen = known;
    },
  };
}
