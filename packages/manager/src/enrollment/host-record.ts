import { PatchError } from '@linux-patch/contract';
import type { Database } from '../database/open.ts';
import type { EnrollmentRow, HostRow } from '../database/schema.ts';
import { agentPortOf } from './claim.ts';
import type { EnrollmentContext } from './context.ts';

/** How sure the administrator is that this is the host it says it is. */
export interface Assurance {
  /** The administrator said so. */
  readonly replace: boolean;
  /** The host's own code was typed. */
  readonly verified: boolean;
}

/**
 * The host record that this request would take over; undefined when it would become a new host. A host that left by
 * itself stands in nobody's way: none of its certificates is good any more.
 * @throws PatchError `HOST_CONFLICT`
 */
export async function findHost(
  context: EnrollmentContext,
  db: Database,
  row: EnrollmentRow,
  assurance: Assurance,
): Promise<HostRow | undefined> {
  refuseOwnName(context, row, assurance);
  const hosts = await db
    .selectFrom('hosts')
    .selectAll()
    .where((where) =>
      where.or([
        where('fqdn', '=', row.fqdn),
        where.and([where('ip_address', '=', row.ip_address), where('agent_port', '=', agentPortOf(row))]),
      ]),
    )
    .execute();
  const same = hosts.find((host) => host.fqdn === row.fqdn);
  const other = hosts.find((host) => host.fqdn !== row.fqdn && host.left_at === null);
  if (other && !assurance.replace) {
    throw new PatchError(
      'HOST_CONFLICT',
      `${row.ip_address} already belongs to ${other.fqdn}. If that host is gone or moved, approve with --replace.`,
      { details: { host_id: other.id, fqdn: other.fqdn } },
    );
  }
  if (
    same &&
    same.left_at === null &&
    !assurance.replace &&
    !(same.machine_id === row.machine_id && assurance.verified)
  ) {
    throw new PatchError(
      'HOST_CONFLICT',
      `There is already a host ${row.fqdn}, with ${same.machine_id === row.machine_id ? 'the same' : 'another'} machine-id. ` +
        'If this is that host with a new key, approve with its code, or with --replace; its history stays.',
      { details: { host_id: same.id, fqdn: same.fqdn } },
    );
  }
  return same;
}

/** Agents believe a certificate of this CA with the manager's name to be the manager; only its own machine may have one. */
function refuseOwnName({ authority }: EnrollmentContext, row: EnrollmentRow, assurance: Assurance): void {
  const taken = [row.fqdn, row.hostname].find((name) => name !== null && authority.ownNames.includes(name));
  if (taken === undefined || assurance.verified || assurance.replace) return;
  throw new PatchError(
    'HOST_CONFLICT',
    `${taken} is a name of this manager. If the agent runs on the manager's own machine, approve with its code, or with --replace; otherwise deny it.`,
    { details: { fqdn: row.fqdn } },
  );
}

/** Writes the host of an approved request and returns its id; a record taken over keeps its history. */
export async function saveHost(
  context: EnrollmentContext,
  db: Database,
  row: EnrollmentRow,
  known: HostRow | undefined,
): Promise<string> {
  const facts = {
    fqdn: row.fqdn,
    hostname: row.hostname,
    machine_id: row.machine_id,
    ip_address: row.ip_address,
    agent_port: agentPortOf(row),
    os_details: row.os_details,
    key_origin: row.spki === null ? ('manager' as const) : ('host' as const),
  };
  if (known) {
    await db
      .updateTable('hosts')
      .set({ ...facts, left_at: null })
      .where('id', '=', known.id)
      .execute();
    return known.id;
  }
  const id = context.random.uuid();
  await db
    .insertInto('hosts')
    .values({
      id,
      ...facts,
      created_at: context.clock.now(),
      last_seen_at: null,
      last_error: null,
      left_at: null,
    })
    .execute();
  return id;
}
