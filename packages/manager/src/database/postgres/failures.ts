import { isPatchError, PatchError } from '@linux-patch/contract';
import { DatabaseError } from 'pg';

/** When to ask again for what a database that is away could not answer, seconds. */
const RETRY_S = 5;

/** What no waiting mends, by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const REFUSALS: Readonly<Record<string, string>> = {
  '28P01':
    'it does not take the password. Put the right one into the file of database.password_file (or PGPASSFILE)',
  '28000': 'it does not let this user in; see pg_hba.conf on its machine',
  '3D000': 'there is no database of this name; make it: createdb --encoding=UTF8 --template=template0 NAME',
  '42501': 'this user may not do that; the database has to belong to it (alter database NAME owner to USER)',
};

/** What a while mends, by SQLSTATE or its class. */
const ABSENCES: Readonly<Record<string, string>> = {
  '08': 'the connection broke',
  '25006': 'it takes no changes; it may be a standby',
  '53300': 'it has no connection free (max_connections)',
  '53': 'it lacks memory or other resources',
  '55P03': 'something else locks it',
  '57P01': 'it was stopped',
  '57P02': 'it ended in a crash and starts again',
  '57P03': 'it starts, or is in recovery',
  '57P05': 'it closed the connection for its idleness',
  '57': 'it was told to stop what it did',
  '58': 'its machine fails it',
  XX: 'it is faulty or damaged; its log says more',
};

function stateOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}

/** The words of the system or the driver. */
function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const NO_PASSWORD =
  'it wants a password, and there is none; put it into a file of mode 0600 and name that in database.password_file';

/** The driver asks for it only when the server does. */
function lacksPassword(error: unknown): boolean {
  return error instanceof Error && error.message.includes('client password must be a string');
}

/** Why the database cannot be used, for whoever runs it; undefined for an error in a statement. */
function whyOf(error: unknown): string | undefined {
  // What the manager itself found wrong when it took the database.
  if (isPatchError(error)) return error.message;
  const state = stateOf(error);
  // Whatever is not said by the server itself is said by the connection.
  if (state === undefined) return lacksPassword(error) ? NO_PASSWORD : wordsOf(error);
  const why = REFUSALS[state] ?? ABSENCES[state] ?? ABSENCES[state.slice(0, 2)];
  return why && `${why} (${wordsOf(error)})`;
}

/**
 * What a failure of the driver means, for callers: neither where the database is nor why it is away is for strangers.
 * An error in a statement stays as it is.
 */
export function explain(error: unknown): unknown {
  if (error instanceof RangeError || isPatchError(error, 'DATABASE_UNAVAILABLE', 'DISK_FULL')) return error;
  if (stateOf(error) === '53100') {
    return new PatchError(
      'DISK_FULL',
      'The disk of the database server is full. Nothing was changed or started. Make room there, then do it again.',
      { cause: error },
    );
  }
  if (whyOf(error) === undefined) return error;
  return new PatchError(
    'DATABASE_UNAVAILABLE',
    'The manager cannot use its database now; its log says why. Nothing was changed or started. It goes on by itself when the database is back.',
    { cause: error, details: { retry_after_seconds: RETRY_S } },
  );
}

/** The same for whoever runs the manager; undefined for what is no fault of the database or of the way to it. */
export function troubleOf(where: string, error: unknown): string | undefined {
  if (!isPatchError(error, 'DATABASE_UNAVAILABLE')) return undefined;
  return isPatchError(error.cause)
    ? error.cause.message
    : `The database ${where} cannot be used: ${whyOf(error.cause) ?? 'nobody knows why'}.`;
}

/** A failed start, in words for whoever starts it. What no waiting mends is a fault of the configuration. */
export function startFailure(where: string, error: unknown): unknown {
  const trouble = troubleOf(where, error);
  if (trouble === undefined || !isPatchError(error)) return error;
  if (isPatchError(error.cause)) return error.cause;
  const isRefused = lacksPassword(error.cause) || Object.hasOwn(REFUSALS, stateOf(error.cause) ?? '');
  return new PatchError(isRefused ? 'CONFIG_INVALID' : error.code, trouble, { cause: error });
}

/** A connection that ended while it was told to keep changes. */
export function uncertain(cause: unknown): PatchError {
  return new PatchError(
    'DATABASE_UNAVAILABLE',
    'The connection to the database ended while a change was being kept, and whether it was is not known. See what is on record before you ask again.',
    { cause, details: { retry_after_seconds: RETRY_S } },
  );
}

/** Whether the session in which a statement failed is of no use any more. */
export function endsSession(error: unknown): boolean {
  const state = stateOf(error);
  return state === undefined || /^(08|57P|58|XX)/.test(state);
}
