import { lazily, PatchError } from '@linux-patch/contract';
import { z } from 'zod';

/** Name of the first entry of the archive. */
export const MANIFEST = 'linux-patch-backup.json';
export const MAX_MANIFEST_BYTES = 256 * 1_024;
/** Files besides the database: keys, certificates and settings. */
export const MAX_FILES = 500;

const bytes = z
  .int()
  .min(0)
  .max(1_024 ** 4);

const KeptFile = lazily(() =>
  z.strictObject({
    /** Where it lies below the root of the file system. */
    path: z.string().min(1).max(300),
    /** Permission bits. */
    mode: z.int().min(0).max(0o777),
    bytes,
    /** SHA-256, hexadecimal. */
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
);

/** What an archive holds; its first entry, so that a damaged one is found before anything is put in place. */
export const BackupManifest = lazily(() =>
  z.strictObject({
    v: z.literal(1),
    made_at: z.iso.datetime(),
    /** Version of the program that made it. */
    version: z.string().min(1).max(64),
    ca_fingerprint: z.string().min(1).max(128),
    /** The last migration of the database. */
    schema: z.string().min(1).max(100),
    hosts: z.int().min(0),
    files: z.array(KeptFile).min(1).max(MAX_FILES),
  }),
);

export type BackupManifest = z.infer<typeof BackupManifest>;
export type KeptFile = BackupManifest['files'][number];

/** Says what is wrong with an archive; whoever says it has changed nothing. */
export function unusable(why: string, cause?: unknown): PatchError {
  return new PatchError('BACKUP_UNUSABLE', `${why} Nothing was changed.`, { cause });
}

/**
 * Reads the first entry of an archive.
 * @throws PatchError `BACKUP_UNUSABLE`
 */
export function parseManifest(text: string): BackupManifest {
  try {
    return BackupManifest.parse(JSON.parse(text));
  } catch (error) {
    throw unusable(
      `The archive is not a backup of a manager, or one of a newer version: its ${MANIFEST} does not fit.`,
      error,
    );
  }
}
