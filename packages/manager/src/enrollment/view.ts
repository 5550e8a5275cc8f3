import {
  type Enrollment,
  type EnrollmentList,
  type EnrollmentQuery,
  type EnrollmentState,
  OsDetails,
  PatchError,
} from '@linux-patch/contract';
import type { EnrollmentRow } from '../database/schema.ts';
import { readStored } from '../database/stored-json.ts';
import { type Conflicts, readConflicts } from './conflicts.ts';
import type { EnrollmentContext } from './context.ts';
import { shownExtension } from './transcript.ts';

function instant(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** `expired` is also an approved request whose bundle nobody fetched in time. */
function stateOf(row: EnrollmentRow, now: number): EnrollmentState {
  const over = row.expires_at < now && (row.state === 'pending' || row.state === 'approved');
  return over ? 'expired' : row.state;
}

function proofOf(row: EnrollmentRow): Enrollment['manager_proof'] {
  const proof = shownExtension(row)?.manager_proof;
  return proof ? { by: proof.by, issuer: proof.issuer ?? null } : null;
}

/** A request as administrators see it; never with token, code or key. */
function toView(row: EnrollmentRow, now: number, conflicts: Conflicts): Enrollment {
  return {
    id: row.id,
    state: stateOf(row, now),
    generation: row.extension === null ? 'older' : 'current',
    key_id: row.key_id,
    machine_id: row.machine_id,
    fqdn: row.fqdn,
    hostname: row.hostname,
    ip_address: row.ip_address,
    observed_address: row.observed_address,
    os_details: readStored(OsDetails, row.os_details, {}),
    modes: row.extension === null ? ['click'] : (shownExtension(row)?.modes ?? ['code']),
    conflicts: [...conflicts.named],
    conflicts_total: conflicts.total,
    created_at: new Date(row.created_at).toISOString(),
    last_poll_at: instant(row.last_poll_at),
    expires_at: new Date(row.expires_at).toISOString(),
    decided_at: instant(row.decided_at),
    decided_by: row.decided_by,
    code_verified: row.code_verified === 1,
    join_token:
      row.join_token === null || row.join_token_verdict === null
        ? null
        : {
            id: row.join_token,
            verdict: row.join_token_verdict,
            at: new Date(row.join_token_at ?? row.created_at).toISOString(),
          },
    manager_proof: proofOf(row),
    host_id: row.host_id,
  };
}

/** One request. */
export async function viewOf(context: EnrollmentContext, row: EnrollmentRow): Promise<Enrollment> {
  const conflictsOf = await readConflicts(context, [row]);
  return toView(row, context.clock.now(), conflictsOf(row));
}

/** Requests of a page are read and judged; the others are a number. */
const PAGE = 100;

/** A page of the requests in a state, newest first. */
export async function listRequests(
  context: EnrollmentContext,
  { state = 'pending', limit = PAGE, offset = 0 }: EnrollmentQuery,
): Promise<EnrollmentList> {
  const query = inState(context, state);
  const { total } = await query
    .select((select) => select.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const rows = await query
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .offset(offset)
    .execute();
  const conflictsOf = await readConflicts(context, rows);
  const now = context.clock.now();
  return { enrollments: rows.map((row) => toView(row, now, conflictsOf(row))), total, limit, offset };
}

/** As `stateOf` says it. */
function inState({ db, clock }: EnrollmentContext, state: EnrollmentState | 'all') {
  const query = db.selectFrom('enrollments');
  const now = clock.now();
  switch (state) {
    case 'all':
      return query;
    case 'expired':
      return query.where('state', 'in', ['pending', 'approved']).where('expires_at', '<', now);
    case 'pending':
    case 'approved':
      return query.where('state', '=', state).where('expires_at', '>=', now);
    case 'installed':
    case 'denied':
      return query.where('state', '=', state);
  }
}

/**
 * Finds a request by id, key id or full host name; a name that several waiting requests share is refused. Short names
 * find nothing: anybody may ask to join under a full name that begins with one.
 * @throws PatchError `ENROLLMENT_NOT_FOUND`
 */
export async function findRequest(context: EnrollmentContext, reference: string): Promise<EnrollmentRow> {
  const [first, ...others] = await findRequests(context, reference);
  if (others.length > 0) throw refuseSeveral(reference, [first, ...others]);
  return first;
}

/** Says which requests share a name, the first five by their ids. */
export function refuseSeveral(reference: string, rows: readonly EnrollmentRow[]): PatchError {
  const ids = rows.slice(0, 5).map((row) => `${row.id} (key ${row.key_id ?? 'unknown'})`);
  const more = rows.length > ids.length ? ` and ${rows.length - ids.length} more` : '';
  return new PatchError(
    'ENROLLMENT_NOT_FOUND',
    `Several requests are called ${reference}; say the host code, which chooses, or name one by its id: ${ids.join(', ')}${more}.`,
  );
}

/**
 * Finds requests by id, key id or host name: every one that waits, else the newest of those that are decided.
 * @throws PatchError `ENROLLMENT_NOT_FOUND`
 */
export async function findRequests(
  context: EnrollmentContext,
  reference: string,
): Promise<readonly [EnrollmentRow, ...EnrollmentRow[]]> {
  const exact = await context.db
    .selectFrom('enrollments')
    .selectAll()
    .where('id', '=', reference)
    .executeTakeFirst();
  if (exact) return [exact];
  const rows = await context.db
    .selectFrom('enrollments')
    .selectAll()
    .where((where) =>
      where.or([where('key_id', '=', reference.toUpperCase()), where('fqdn', '=', reference.toLowerCase())]),
    )
    .orderBy('created_at', 'desc')
    .execute();
  const [waiting, ...others] = rows.filter((row) => row.state === 'pending');
  if (waiting) return [waiting, ...others];
  if (rows[0]) return [rows[0]];
  throw new PatchError(
    'ENROLLMENT_NOT_FOUND',
    `There is no request ${reference}; name it by its id, its key id or the full name of its host. "linux-patch-manager enrollments list" shows those that wait.`,
  );
}
