import { HOUR_MS } from '@linux-patch/contract';
import type { Database } from '../database/open.ts';
import type { EnrollmentRow, HostRow, JoinTokenRow } from '../database/schema.ts';
import { replaceGroups } from '../groups/members.ts';
import { replaceLabels } from '../hosts/labels.ts';
import { readTokenGroups } from '../join-tokens/groups-of.ts';
import { labelsOf } from '../join-tokens/labels-of.ts';
import { makeBundle } from './bundle.ts';
import { certifiedNames } from './certified-names.ts';
import type { EnrollmentContext } from './context.ts';
import type { SharedSecret } from './host-code.ts';
import { saveHost } from './host-record.ts';

/** What the log says about a request. */
export function subjectOf(row: EnrollmentRow) {
  return {
    enrollment: row.id,
    fqdn: row.fqdn,
    key_id: row.key_id,
    observed_address: row.observed_address,
    generation: row.spki === null ? 'older' : 'current',
  };
}

/** What a join token says of whom it lets in. */
export interface AdmittingToken extends Pick<JoinTokenRow, 'id' | 'hosts' | 'labels'> {
  /** It let in this very key before. */
  readonly again: boolean;
}

/** Lets the host of a waiting request in: host record, certificate, answer and audit record, in the caller's transaction. */
export async function admit(
  context: EnrollmentContext,
  db: Database,
  row: EnrollmentRow,
  decision: {
    readonly actor: string;
    /** What the host and the manager both know; without it the host must trust the manager by other means. */
    readonly proof: SharedSecret | undefined;
    /** The host record that is taken over. */
    readonly known: HostRow | undefined;
    /** The join token that let it in. */
    readonly token?: AdmittingToken;
  },
): Promise<void> {
  const { actor, proof, known } = decision;
  const now = context.clock.now();
  const names = certifiedNames(row, decision.token?.hosts ?? null);
  const hostId = await saveHost(context, db, row, { known, hostname: names.hostname });
  const isTaken = known !== undefined && decision.token?.again === true;
  // Who has this key was let in by this token before: what people set since then stays.
  if (decision.token && !isTaken) {
    const host = { id: hostId, fqdn: row.fqdn };
    const groups = (await readTokenGroups(db, decision.token.id)).get(decision.token.id) ?? [];
    await replaceLabels(context.audit, db, host, { labels: labelsOf(decision.token), actor });
    await replaceGroups(context.audit, db, host, { groups, actor });
  }
  const { bundle, serial } = await makeBundle(context, db, row, { hostId, proof, names });
  await db
    .updateTable('enrollments')
    .set({
      state: 'approved',
      decided_at: now,
      decided_by: actor,
      code_verified: proof?.by === 'code' ? 1 : 0,
      host_id: hostId,
      bundle: JSON.stringify(bundle),
      serial,
      expires_at: now + Math.round(context.settings.requestHours * HOUR_MS),
    })
    .where('id', '=', row.id)
    .execute();
  await context.audit.record(db, {
    actor,
    event: 'enrollment_approved',
    fields: {
      ...subjectOf(row),
      host: hostId,
      replaced: known !== undefined,
      serial,
      code_verified: proof?.by === 'code',
      ...(proof?.by === 'token' ? { join_token: row.join_token } : {}),
    },
  });
}
