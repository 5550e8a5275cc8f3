import { isPatchError, type PatchError } from '@linux-patch/contract';
import type { Logger, Random } from '@linux-patch/runtime';
import type { Database } from './open.ts';
import type { ChangeListener } from './told-dialect.ts';
import { inTransaction } from './transactions.ts';

/** More than any page of a database has room for by chance, and nothing that could be packed. */
const TRY_BYTES = 12_000;
const TRY = 'disk_try';
/** On a full disk a small change finds room now and then; so many in a row do not. */
const KEPT_IN_A_ROW = 20;

/** Whether the disk of the database takes changes, as far as those that were made last tell. */
export interface Room extends ChangeListener {
  /** What a change failed with; undefined since it is known that there is room. */
  readonly trouble: PatchError | undefined;
  /** Something large was kept. */
  found(): void;
}

/** Says in the log once that the disk is full, and once that it takes changes again. */
export function watchRoom(logger: Logger): Room {
  let trouble: PatchError | undefined;
  let keptInARow = 0;
  const found = (): void => {
    if (trouble) logger.info('The database takes changes again');
    trouble = undefined;
  };
  return {
    found,
    get trouble() {
      return trouble;
    },
    committed() {
      keptInARow += 1;
      if (keptInARow >= KEPT_IN_A_ROW) found();
    },
    refused(error) {
      if (!isPatchError(error, 'DISK_FULL')) return;
      keptInARow = 0;
      if (!trouble)
        logger.error(`No change is kept: ${error.message} The manager goes on by itself`, { error });
      trouble = error;
    },
  };
}

/**
 * Where the last change found no room, tries whether there is some by now.
 * @throws PatchError `DISK_FULL`, `DATABASE_UNAVAILABLE`
 */
export async function requireRoom(
  db: Database,
  { room, random }: { readonly room: Pick<Room, 'trouble' | 'found'>; readonly random: Random },
): Promise<void> {
  if (!room.trouble) return;
  const write = (value: string): Promise<void> =>
    inTransaction(db, async (own) => {
      const row = own.insertInto('settings').values({ name: TRY, value });
      await row.onConflict((conflict) => conflict.column('name').doUpdateSet({ value })).execute();
    });
  await write(Buffer.from(random.bytes(TRY_BYTES)).toString('base64url'));
  await write('');
  room.found();
}
