import { messageOf } from '@linux-patch/contract';
import { checkIdentity, type IdentityFile, type IdentityStatus } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import type { CertificatePaths } from './paths.ts';

/** A certificate file larger than this is not one. */
const SIZE_LIMIT_BYTES = 512 * 1024;

class Unreadable extends Error {
  readonly path: string;
  constructor(path: string, cause: unknown) {
    super(messageOf(cause), { cause });
    this.path = path;
  }
}

async function readFile(files: Files, path: string): Promise<IdentityFile> {
  try {
    return { path, text: await files.readTextLimited(path, SIZE_LIMIT_BYTES) };
  } catch (cause) {
    throw new Unreadable(path, cause);
  }
}

/**
 * The status of the identity on disk. A file that exists but cannot be read is `corrupt`, with the
 * system's reason, so that the agent can replace it instead of ending.
 */
export async function checkCertificates(options: {
  readonly files: Files;
  readonly paths: CertificatePaths;
  /** The host's clock, milliseconds since the epoch. */
  readonly now: number;
  readonly thresholdDays: number;
}): Promise<IdentityStatus> {
  const { files, paths } = options;
  try {
    return checkIdentity({
      ca: await readFile(files, paths.ca),
      certificate: await readFile(files, paths.certificate),
      key: await readFile(files, paths.key),
      now: options.now,
      thresholdDays: options.thresholdDays,
    });
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const message = `${error.path} cannot be read: ${error.message}. Check its owner and mode.`;
    return { status: 'corrupt', code: 'CERT_CORRUPT', message, path: error.path };
  }
}
