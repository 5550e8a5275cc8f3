import { AGENT_ROUTES, isPatchError, type ListDelivery, messageOf } from '@linux-patch/contract';
import type { Kysely } from 'kysely';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Authority } from '../authority/authority.ts';
import { isRevoked } from '../certificates/host-keys.ts';
import type { HostRow, ManagerTables } from '../database/schema.ts';
import type { FleetClient } from '../fleet-client/client.ts';
import { addressOf } from '../hosts/store.ts';
import { inTurn } from './in-turn.ts';

/** Sends each host its revocation list: that of the manager's certificates and of the one it shows. */
export interface ListSender {
  /** To every host; returns who took it. */
  sendToAll(signal: AbortSignal): Promise<ListDelivery>;
  /** To these; returns who took it. */
  sendTo(hosts: readonly HostRow[], signal: AbortSignal): Promise<ListDelivery>;
  /** To one host that showed this certificate, when its list lacks something or when it has to hear of its own end. */
  sendIfBehind(host: HostRow, servedSerial: string, signal: AbortSignal): Promise<void>;
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
  const sendTo: ListSender['sendTo'] = async (hosts, signal) => {
    const { number } = await authority.revocationList(db);
    const pending: ListDelivery['pending'] = [];
    await inTurn(hosts, parts.concurrency, signal, async (host) => {
      const reason = await send(parts, host, signal);
      if (reason !== undefined) pending.push({ fqdn: host.fqdn, reason });
    });
    const taken = hosts.length - pending.length;
    await parts.audit.record(db, {
      actor: 'manager',
      event: 'crl_pushed',
      fields: { crl_number: number, hosts: hosts.length, taken },
    });
    return { crl_number: number, hosts: hosts.length, taken, pending };
  };
  return {
    sendTo,
    async sendToAll(signal) {
      return sendTo(await db.selectFrom('hosts').selectAll().where('left_at', 'is', null).execute(), signal);
    },
    async sendIfBehind(host, servedSerial, signal) {
      const { completeSince } = await authority.revocationList(db);
      const known = await db
        .selectFrom('list_deliveries')
        .select('number')
        .where('host_id', '=', host.id)
        .executeTakeFirst();
      const lacks = (known?.number ?? 0) < completeSince;
      // A number does not tell whether the list names the host itself; sent again, it changes nothing there.
      if (lacks || (await isRevoked(db, servedSerial))) await send(parts, host, signal);
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
  { db, authority, fleet }: ListSenderParts,
  host: HostRow,
  signal: AbortSignal,
): Promise<string | undefined> {
  const isRecorded = async (): Promise<boolean> =>
    (await db.selectFrom('hosts').select('id').where('id', '=', host.id).executeTakeFirst()) !== undefined;
  let sent = 0;
  try {
    await fleet.call(addressOf(host), AGENT_ROUTES.setCrl, {
      async bodyFor(serial) {
        const { pem, number } = await authority.revocationList(db, serial);
        sent = number;
        return { crl_pem: pem };
      },
      signal,
      timeoutMs: TIMEOUT_MS,
      // A host whose certificate is revoked has to hear that, and the list is no secret.
      evenRevoked: true,
    });
    if (await isRecorded()) await save(db, { host_id: host.id, number: sent, error: null });
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
