import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { VERSION } from '@linux-patch/contract';
import { spkiFingerprint } from '@linux-patch/pki';
import type { Clock, Files } from '@linux-patch/runtime';
import { requireAuthority } from '../authority/initialised.ts';
import { readPair } from '../authority/key-files.ts';
import type { ManagerPaths } from '../config/paths.ts';
import type { ManagerConfig } from '../config/schema.ts';
import { type ArchiveEntry, type Lock, sealArchive } from './archive.ts';
import { areSame, PLACES, type PresentFile, readPresent } from './contents.ts';
import { copyDatabase, inspectDatabase } from './database-copy.ts';
import { noteBackup } from './last-backup.ts';
import { type BackupManifest, type KeptFile, MANIFEST, unusable } from './manifest.ts';
import { measured, readPieces } from './pieces.ts';

export interface BackupOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly paths: ManagerPaths;
  readonly configFile: string;
  readonly config: Pick<ManagerConfig, 'database'>;
  /** File to write; it must not exist. */
  readonly to: string;
  readonly lock: Lock;
  readonly signal: AbortSignal;
}

/** Keys and database have to be of the same moment; a rotation changes both within seconds. */
const MOST_TRIES = 5;

/** The manager at one moment, with its database as a copy. */
interface Moment {
  readonly manifest: BackupManifest;
  readonly present: readonly PresentFile[];
  readonly copy: string;
}

async function copyAtOneMoment(options: BackupOptions, copy: string): Promise<readonly PresentFile[]> {
  const { files, paths, configFile, signal } = options;
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    signal.throwIfAborted();
    const present = await readPresent(files, paths, configFile);
    await files.writeDurably({ path: copy, data: '', mode: 0o600 });
    await copyDatabase(options, copy);
    if (areSame(present, await readPresent(files, paths, configFile))) return present;
  }
  throw unusable(
    `${paths.caFolder} changes all the time, so there is no backup of one moment. Try again in a minute.`,
  );
}

async function describeCopy({ files, signal }: BackupOptions, copy: string): Promise<KeptFile> {
  const { pieces, facts } = measured(readPieces(files, copy, signal));
  await Array.fromAsync(pieces, () => undefined);
  return { path: PLACES.database, mode: 0o600, ...facts() };
}

function describe({ path, mode, data }: PresentFile): KeptFile {
  return { path, mode, bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') };
}

async function catchMoment(options: BackupOptions, folder: string): Promise<Moment> {
  const { files, clock, paths } = options;
  await requireAuthority(files, paths);
  const root = await readPair(files, paths.caFolder, 'root');
  await files.remove(folder);
  await files.makeFolder(folder, 0o700);
  const copy = join(folder, 'manager.sqlite');
  const present = await copyAtOneMoment(options, copy);
  const manifest: BackupManifest = {
    v: 1,
    made_at: new Date(clock.now()).toISOString(),
    version: VERSION,
    ca_fingerprint: spkiFingerprint(root.certificatePem),
    ...inspectDatabase(copy),
    files: [...present.map(describe), await describeCopy(options, copy)],
  };
  return { manifest, present, copy };
}

async function* whole(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data;
}

/**
 * Writes a backup of the manager, also while it serves: configuration, CA, job key and database, of one moment.
 * @throws PatchError `NOT_INITIALIZED` without a CA, `DISK_FULL`, `BACKUP_UNUSABLE`
 */
export async function makeBackup(options: BackupOptions): Promise<BackupManifest> {
  const { files, paths, to, signal } = options;
  if (await files.facts(to))
    throw unusable(`${to} exists, and a backup replaces nothing. Name another file.`);
  const owner = (await files.facts(paths.dataFolder)) ?? { uid: 0, gid: 0 };
  // Beside the database, for nobody but its owner: what is copied here leaves the machine only encrypted.
  const folder = join(paths.dataFolder, '.backup');
  try {
    const { manifest, present, copy } = await files.actAs(owner, () => catchMoment(options, folder));
    const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
    const bodies = [...present.map(({ data }) => whole(data)), readPieces(files, copy, signal)];
    const entries: ArchiveEntry[] = [
      { path: MANIFEST, mode: 0o600, bytes: text.length, pieces: whole(text) },
      ...manifest.files.map((file, index) => ({ ...file, pieces: bodies[index] ?? whole(text) })),
    ];
    const data = await sealArchive(entries, options.lock, new Date(manifest.made_at));
    await files.writeDurably({ path: to, data, mode: 0o600 });
    await files.actAs(owner, () => noteBackup(files, paths, manifest.made_at));
    return manifest;
  } finally {
    await files.actAs(owner, () => files.remove(folder));
  }
}
