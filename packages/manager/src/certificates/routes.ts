import { type ListDelivery, MANAGER_ADMIN_ROUTES, PatchError } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { AuditLog } from '../audit/audit-log.ts';
import type { CertificateRow, ManagerTables } from '../database/schema.ts';
import type { ListSender } from '../fleet-watch/send-list.ts';
import type { HostStore } from '../hosts/store.ts';
import type { Routes } from '../http/routes.ts';
import type { SetIndex } from '../inventory/set-index/set-index.ts';
import { isWithin } from '../reach/within.ts';
import { revokeCertificate, revokeHost } from './revoke.ts';
import { createCertificateStore } from './store.ts';

export interface CertificateRouteSources {
  readonly db: Kysely<ManagerTables>;
  /** For listings. */
  readonly reads: Kysely<ManagerTables>;
  /** Told of hosts whose record is removed. */
  readonly sets: Pick<SetIndex, 'forget'>;
  readonly clock: Clock;
  readonly audit: AuditLog;
  readonly hosts: HostStore;
  readonly lists: ListSender;
  /**
   * Makes one of the manager's own certificates anew when it is the one in use, so that it can be revoked without
   * cutting the manager off.
   */
  readonly replaceOwn: (serial: string) => Promise<void>;
}

/** Certificates, and what ends them. */
export function serveCertificateRoutes(routes: Routes, sources: CertificateRouteSources): void {
  const store = createCertificateStore(sources);
  routes.serve(MANAGER_ADMIN_ROUTES.listCertificates, async ({ query, sees: reach }) => {
    const host = query.host === undefined ? undefined : await sources.hosts.getWithin(reach, query.host);
    const certificates = await store.list(query, { reach, hostId: host?.id });
    return { certificates, total: certificates.length };
  });
  routes.serve(MANAGER_ADMIN_ROUTES.getCertificate, async ({ parameter, sees }) =>
    store.view(await store.get(sees, parameter('serial'))),
  );
  routes.serve(MANAGER_ADMIN_ROUTES.revokeCertificate, async ({ parameter, body, request, ...by }) => {
    const { actor, sees, reach } = by;
    const certificate = await store.get(sees, parameter('serial'));
    if (!(await isWithin(sources.db, reach, certificate.host_id ?? '')))
      throw new PatchError(
        'FORBIDDEN',
        `The certificate ${certificate.serial} (${certificate.subject}) is not of a host that your role reaches. Nothing was done.`,
      );
    if (certificate.kind !== 'agent') await sources.replaceOwn(certificate.serial);
    const changed = await sources.db
      .transaction()
      .execute((db) =>
        revokeCertificate(sources, db, certificate, { reason: body.reason, actor: actor.name }),
      );
    return {
      certificate: await store.view(await store.get('everywhere', certificate.serial)),
      changed,
      delivery: await deliver(sources, certificate, request.signal),
    };
  });
  serveHostRemoval(routes, sources);
}

/** Every host has to know a certificate of the manager that is revoked; one of a host only that host. */
async function deliver(
  { db, lists }: CertificateRouteSources,
  certificate: Pick<CertificateRow, 'kind' | 'host_id'>,
  signal: AbortSignal,
): Promise<ListDelivery> {
  if (certificate.kind !== 'agent') return lists.sendToAll(signal);
  const holders = db
    .selectFrom('hosts')
    .selectAll()
    .where('id', '=', certificate.host_id ?? '');
  return lists.sendTo(await holders.where('left_at', 'is', null).execute(), signal);
}

function serveHostRemoval(routes: Routes, sources: CertificateRouteSources): void {
  routes.serve(MANAGER_ADMIN_ROUTES.deleteHost, async ({ parameter, query, request, actor }) => {
    const host = await sources.hosts.get(parameter('id'));
    const reason = query.reason ?? 'cessationOfOperation';
    const revoked = await sources.db.transaction().execute(async (db) => {
      const serials = await revokeHost(sources, db, host.id, { reason, actor: actor.name });
      for (const table of ['host_reports', 'list_deliveries'] as const) {
        await db.deleteFrom(table).where('host_id', '=', host.id).execute();
      }
      await db.deleteFrom('hosts').where('id', '=', host.id).execute();
      await sources.audit.record(db, {
        actor: actor.name,
        event: 'host_removed',
        fields: { host: host.id, fqdn: host.fqdn, revoked: serials.length, reason },
      });
      return serials;
    });
    sources.sets.forget(host.id);
    // The host that goes is told as well: its agent can then say why nobody calls it any more.
    const delivery = await sources.lists.sendTo([host], request.signal);
    return { id: host.id, fqdn: host.fqdn, revoked: [...revoked], delivery };
  });
}
