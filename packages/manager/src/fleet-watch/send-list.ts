import { AGENT_ROUTES, isPatchError, type ListDelivery, messageOf } from '@linux-patch/contract';
import type { Kysely } from 'kysely';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Authority } from '../authority/authority.ts';
import type { RevocationList } from '../authority/revocation-list.ts';
import type { HostRow, ManagerTables } from '../database/schema.ts';
import type { FleetClient } from '../fleet-client/client.ts';
import { addressOf } from '../hosts/store.ts';
import { inTurn } from './in-turn.ts';

/** Sends the revocation list to hosts. */
export interface ListSender {
  /** To every host, and to `others`; returns who took it. */
  sendToAll(signal: AbortSignal, others?: readonly HostRow[]): Promise<ListDelivery>;
  /** To one host, when its list lacks something. */
  sendIfBehind(host: HostRow, signal: AbortSignal): Promise<void>;
  /** What a host says it has. */
  note(hostId: string, number: number): Promise<void>;
}

export interface ListSenderParts {
  readonly db: Kysely<ManagerTables>;
  readonly authority: Authority;
  readonly fleet: FleetClient;
  readonly audit: AuditLog;
  readonly concurrency: number;
}

/** Long enough for a host at work, short enough for a whole fleet that is switched off. */
const TIMEOUT_MS = 10_000;

export function createListSender(parts: ListSenderParts): ListSender {
  const { db, authority } = parts;
  return {
    async sendToAll(signal, others = []) {
      const list = await authority.revocationList(db);
      const fleet = await db.selectFrom('hosts').selectAll().where('left_at', 'is', null).execute();
      const pending: ListDelivery['pending'] = [];
      const hosts = [...fleet, ...others];
      await inTurn(hosts, parts.concurrency, signal, async (host) => {
        const reason = await send(parts, list, host, signal);
        if (reason !== undefined) pending.push({ fqdn: host.fqdn, reason });
      });
      const taken = hosts.length - pending.length;
      await parts.audit.record(db, {
        actor: 'manager',
        event: 'crl_pushed',
        fields: { crl_number: list.number, hosts: hosts.length, taken },
      });
      return { crl_number: list.number, hosts: hosts.length, taken, pending };
    },
    async sendIfBehind(host, signal) {
      const list = await authority.revocationList(db);
      const known = await db
        .selectFrom('list_deliveries')
        .select('number')
        .where('host_id', '=', host.id)
        .executeTakeFirst();
      if ((known?.number ?? 0) < list.completeSince) await send(parts, list, host, signal);
    },
    note: (hostId, number) => save(db, { host_id: hostId, number, error: null }),
  };
}

async function save(
  db: Kysely<ManagerTables>,
  row: { readonly host_id: string; readonly number?: number; readonly error: string | null },
): Promise<void> {
  const { host_id, ...values } = row;
  await db
    .insertInto('list_deliveries')
    .values({ host_id, number: values.number ?? null, error: values.error })
    .onConflict((conflict) => conflict.column('host_id').doUpdateSet(values))
    .execute();
}

/** Returns why the host did not take it; undefined when it did. */
async function send(
  { db, fleet }: ListSenderParts,
  list: RevocationList,
  host: HostRow,
  signal: AbortSignal,
): Promise<string | undefined> {
  const isRecorded = async (): Promise<boolean> =>
    (await db.selectFrom('hosts').select('id').where('id', '=', host.id).executeTakeFirst()) !== undefined;
  try {
    await fleet.call(addressOf(host), AGENT_ROUTES.setCrl, {
      body: { crl_pem: list.pem },
      signal,
      timeoutMs: TIMEOUT_MS,
      // A host whose certificate is revoked has to hear that, and the list is no secret.
      evenRevoked: true,
    });
    if (await isRecorded()) await save(db, { host_id: host.id, number: list.number, error: null });
    return undefined;
  } catch (error) {
    const reason = reasonOf(error);
    if (await isRecorded()) await save(db, { host_id: host.id, error: reason });
    return reason;
  }
}

function reasonOf(error: unknown): string {
  if (isPatchError(error, 'AGENT_ERROR')) {
    const { code } = (error.details.agent ?? {}) as { code?: unknown };
    if (code === 'NOT_FOUND' || code === 'METHOD_NOT_ALLOWED') {
      return 'its agent is too old to be sent a revocation list; it fetches one by itself, or update it';
    }
  }
  return messageOf(error);
}
