import { PatchError } from '@linux-patch/contract';
import { type ClientBase, DatabaseError } from 'pg';

/** The first with everything the schema needs that still is in a supported distribution. */
const OLDEST_SERVER = 130_000;
/** "LPM": the manager's own advisory lock. */
const LOCK = [0x4c_50_4d, 1] as const;
/** A manager that just ended may still count for an instant. */
const LOCK_WAIT = '5s';

interface Server {
  readonly version: string;
  readonly number: number;
  readonly encoding: string;
  readonly standby: boolean;
}

/** What a pooler hands out belongs to several clients, and with it the lock; it gives each a number of its own. */
async function requireDirect(
  session: ClientBase & { readonly processID?: number | null },
  where: string,
): Promise<void> {
  const { rows } = await session.query<{ readonly pid: number }>('select pg_backend_pid() as pid');
  if (rows[0]?.pid === session.processID) return;
  throw refused(
    where,
    'what answers there is no server but a pooler such as PgBouncer, which gives its connections to several clients, so that two managers could write at the same time. Name the server itself in database.url',
  );
}

interface Holder {
  readonly pid: number;
  readonly application_name: string;
  readonly address: string | null;
  readonly since: string;
}

function refused(where: string, why: string): PatchError {
  return new PatchError('CONFIG_INVALID', `The database ${where} cannot be used: ${why}.`);
}

/** @throws PatchError `CONFIG_INVALID` for a server or a database that cannot hold what the manager writes */
async function requireFit(session: ClientBase, where: string): Promise<void> {
  const { rows } = await session.query<Server>(`select current_setting('server_version') as version,
    current_setting('server_version_num')::int as number, current_setting('server_encoding') as encoding,
    pg_is_in_recovery() as standby`);
  const server = rows[0];
  if (!server) throw refused(where, 'it does not say which version it is');
  if (server.number < OLDEST_SERVER)
    throw refused(where, `it is PostgreSQL ${server.version}, and 13 is the oldest that works; upgrade it`);
  if (server.encoding !== 'UTF8')
    throw refused(
      where,
      `it keeps text as ${server.encoding}, which has no place for every name; make one with: createdb --encoding=UTF8 --template=template0 NAME`,
    );
  if (server.standby) throw refused(where, 'it is a standby; name the primary in database.url');
}

async function findHolder(session: ClientBase): Promise<Holder | undefined> {
  const { rows } = await session.query<Holder>(
    `select a.pid, a.application_name, host(a.client_addr) as address, a.backend_start::timestamptz(0)::text as since
    from pg_locks as l join pg_stat_activity as a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.classid::bigint = $1 and l.objid::bigint = $2 and l.objsubid = 2
      and l.database = (select oid from pg_database where datname = current_database())`,
    [...LOCK],
  );
  return rows[0];
}

async function lock(session: ClientBase, where: string): Promise<void> {
  await session.query(`set lock_timeout = '${LOCK_WAIT}'`);
  try {
    await session.query('select pg_advisory_lock($1, $2)', [...LOCK]);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== '55P03') throw error;
    const holder = await findHolder(session);
    const who = holder
      ? `"${holder.application_name}"${holder.address === null ? ' on the machine of the database' : ` at ${holder.address}`}, since ${holder.since} (process ${holder.pid} of the server)`
      : 'it ended just now';
    throw new PatchError(
      'INSTANCE_RUNNING',
      `Another manager works with the database ${where}: ${who}. One database has one manager; stop the other one first, or give this one a database of its own.`,
    );
  }
  await session.query('reset lock_timeout');
}

/**
 * Makes a session the only one in which a manager writes, for as long as it lasts: whoever lost the session lost the
 * right to write with it. What is committed is on the disk, whatever the database's own setting.
 * @throws PatchError `INSTANCE_RUNNING` while another manager has it, `CONFIG_INVALID`
 */
export async function claim(session: ClientBase, where: string): Promise<void> {
  await requireFit(session, where);
  await requireDirect(session, where);
  // So that a machine that is gone does not hold the lock for hours.
  await session.query(`select set_config('tcp_keepalives_idle', '30', false),
    set_config('tcp_keepalives_interval', '10', false), set_config('tcp_keepalives_count', '3', false)`);
  await session.query(
    `select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') in ('off', 'local')`,
  );
  await lock(session, where);
}
