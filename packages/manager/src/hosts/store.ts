import { type Host, type HostChange, OsDetails, PatchError } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { HostRow, ManagerTables } from '../database/schema.ts';
import type { AgentAddress } from '../fleet-client/client.ts';

/** The fleet's records. */
export interface HostStore {
  list(): Promise<Host[]>;
  /** @throws PatchError `HOST_NOT_FOUND`, also when a name is not unique. */
  get(reference: string): Promise<HostRow>;
  view(row: HostRow): Promise<Host>;
  change(row: HostRow, change: HostChange): Promise<HostRow>;
  /** Notes whether the agent could be reached. */
  note(hostId: string, error: string | undefined): Promise<void>;
}

/** Where the agent of a host is. */
export function addressOf(host: HostRow): AgentAddress {
  return { fqdn: host.fqdn, ipAddress: host.ip_address, port: host.agent_port };
}

export function createHostStore(options: {
  readonly db: Kysely<ManagerTables>;
  readonly clock: Clock;
}): HostStore {
  const { db, clock } = options;
  const view = async (row: HostRow): Promise<Host> => {
    const certificate = await db
      .selectFrom('certificates')
      .select(['serial', 'not_after'])
      .where('host_id', '=', row.id)
      .where('revoked_at', 'is', null)
      .orderBy('issued_at', 'desc')
      .limit(1)
      .executeTakeFirst();
    return {
      id: row.id,
      fqdn: row.fqdn,
      hostname: row.hostname,
      machine_id: row.machine_id,
      ip_address: row.ip_address,
      agent_port: row.agent_port,
      os_details: OsDetails.parse(JSON.parse(row.os_details)),
      key_origin: row.key_origin,
      certificate_serial: certificate?.serial ?? null,
      certificate_expires_at: certificate ? new Date(certificate.not_after).toISOString() : null,
      created_at: new Date(row.created_at).toISOString(),
      last_seen_at: row.last_seen_at === null ? null : new Date(row.last_seen_at).toISOString(),
      last_error: row.last_error,
    };
  };
  return {
    view,
    async list() {
      const rows = await db.selectFrom('hosts').selectAll().orderBy('fqdn').execute();
      return Promise.all(rows.map(view));
    },
    async get(reference) {
      const wanted = reference.toLowerCase();
      const rows = await db
        .selectFrom('hosts')
        .selectAll()
        .where((where) =>
          where.or([
            where('id', '=', wanted),
            where('fqdn', '=', wanted),
            where('hostname', '=', wanted),
            where('ip_address', '=', wanted),
          ]),
        )
        .execute();
      const exact = rows.find((row) => row.id === wanted || row.fqdn === wanted);
      const [only, ...others] = exact ? [exact] : rows;
      if (only && others.length === 0) return only;
      throw new PatchError(
        'HOST_NOT_FOUND',
        only
          ? `Several hosts are called ${reference}: ${rows.map((row) => row.fqdn).join(', ')}. Use the full name.`
          : `There is no host ${reference}. "linux-patch-manager hosts list" shows the fleet.`,
      );
    },
    async change(row, change) {
      const values = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      if (Object.keys(values).length > 0)
        await db.updateTable('hosts').set(values).where('id', '=', row.id).execute();
      return db.selectFrom('hosts').selectAll().where('id', '=', row.id).executeTakeFirstOrThrow();
    },
    async note(hostId, error) {
      const seen =
        error === undefined ? { last_seen_at: clock.now(), last_error: null } : { last_error: error };
      await db.updateTable('hosts').set(seen).where('id', '=', hostId).execute();
    },
  };
}
