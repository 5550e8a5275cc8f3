import type { Files, Logger, Threads } from '@linux-patch/runtime';
import type { ManagerPaths } from '../config/paths.ts';
import type { ManagerConfig } from '../config/schema.ts';
import { ensureDatabaseFile } from './file.ts';
import { openDatabase } from './open.ts';
import { openReads, type ReadDatabase } from './reader-threads/open-reads.ts';
import type { ChangeListener } from './told-dialect.ts';

/** The database that the configuration names. */
export interface ChosenDatabase extends ReadDatabase, AsyncDisposable {
  /** Its file or its URL, without anything secret. */
  readonly place: string;
  /** What is to be told when it was begun just now; undefined when there was one. */
  readonly begun: { readonly message: string; readonly isLoss: boolean } | undefined;
}

/**
 * Opens the database of the configuration: a file of SQLite, or one of PostgreSQL.
 * @throws what `openDatabase` and `openPostgres` do
 */
export async function openChosenDatabase(options: {
  readonly config: Pick<ManagerConfig, 'database'>;
  readonly paths: Pick<ManagerPaths, 'database'>;
  readonly files: Files;
  readonly logger: Logger;
  readonly threads: Threads;
  readonly listener?: ChangeListener;
}): Promise<ChosenDatabase> {
  const { config, paths, files, logger, listener } = options;
  const { url, password_file: passwordFile, path = paths.database } = config.database;
  if (url) {
    // Loaded when wanted: with SQLite the manager does without.
    const { postgresAccess } = await import('./postgres/access.ts');
    const { openPostgres } = await import('./postgres/open.ts');
    const { db, isNew, ...database } = await openPostgres(
      await postgresAccess(files, url, passwordFile),
      logger,
      listener,
    );
    const message =
      'The database was empty; the manager begins in it and knows no host. If it is not new, stop the manager and see that database.url names the right one';
    // It works on questions by itself, and some sessions are for nothing else.
    return {
      ...database,
      db,
      reads: db,
      place: url.shown,
      begun: isNew ? { message, isLoss: false } : undefined,
    };
  }
  const isMade = await ensureDatabaseFile(files, path);
  // The file is made with the certificate authority: later it is missing only when it was lost.
  const message =
    'There was no database; the manager begins with an empty one and knows no host. Stop it and restore the file from a backup, or let the hosts join again';
  await using stack = new AsyncDisposableStack();
  const { db } = stack.use(await openDatabase(path, listener));
  const { reads } = stack.use(openReads({ ...options, path }));
  const owned = stack.move();
  return {
    db,
    reads,
    place: path,
    begun: isMade ? { message, isLoss: true } : undefined,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
