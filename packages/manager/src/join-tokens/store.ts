import {
  type CreatedJoinToken,
  type CreateJoinToken,
  DEFAULT_JOIN_TOKEN_SECONDS,
  type JoinToken,
  PatchError,
} from '@linux-patch/contract';
import { formatJoinString, joinTokenId, joinTokenKey, parseFingerprint } from '@linux-patch/pki';
import type { Clock, Random } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/open.ts';
import type { JoinTokenRow, JoinTokenUseRow, ManagerTables } from '../database/schema.ts';
import { getGroup } from '../groups/find.ts';
import { readTokenGroups } from './groups-of.ts';
import { labelsOf } from './labels-of.ts';

const SECRET_BYTES = 32;

export interface JoinTokenContext {
  readonly db: Kysely<ManagerTables>;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly random: Random;
  /** The fingerprint that hosts pin, `sha256:…`. */
  readonly caFingerprint: string;
  readonly managerUrl: string;
}

/** Why a token lets nobody in any more; undefined while it does. */
export function overReason(row: JoinTokenRow, now: number): 'revoked' | 'expired' | 'spent' | undefined {
  if (row.revoked_at !== null) return 'revoked';
  if (row.expires_at <= now) return 'expired';
  return row.used >= row.uses ? 'spent' : undefined;
}

/** What is written down beside a token. */
interface Beside {
  readonly uses: readonly JoinTokenUseRow[];
  readonly groups: Awaited<ReturnType<typeof readTokenGroups>>;
}

function toView(row: JoinTokenRow, { uses, groups }: Beside, now: number): JoinToken {
  return {
    id: row.id,
    state: overReason(row, now) ?? 'active',
    uses: row.uses,
    used: row.used,
    hosts: row.hosts,
    note: row.note,
    labels: labelsOf(row),
    groups: (groups.get(row.id) ?? []).map(({ name }) => name),
    created_at: new Date(row.created_at).toISOString(),
    created_by: row.created_by,
    expires_at: new Date(row.expires_at).toISOString(),
    revoked_at: row.revoked_at === null ? null : new Date(row.revoked_at).toISOString(),
    used_by: uses
      .filter((use) => use.token_id === row.id)
      .map((use) => ({
        fqdn: use.fqdn,
        at: new Date(use.used_at).toISOString(),
        enrollment: use.enrollment_id,
      })),
  };
}

/** Puts the hosts of a token into groups, in a transaction. @throws PatchError `GROUP_NOT_FOUND` */
async function giveGroups(db: Database, token_id: string, names: readonly string[]): Promise<void> {
  const ids = new Set<string>();
  for (const name of names) ids.add((await getGroup(db, name)).id);
  if (ids.size === 0) return;
  const rows = [...ids].map((group_id) => ({ token_id, group_id }));
  await db.insertInto('join_token_groups').values(rows).execute();
}

/**
 * Makes a token. Its secret is in the join string that is returned, and nowhere else.
 * @throws PatchError `GROUP_NOT_FOUND`
 */
export async function createJoinToken(
  context: JoinTokenContext,
  wish: CreateJoinToken,
  actor: string,
): Promise<Omit<CreatedJoinToken, 'install_line'>> {
  const now = context.clock.now();
  const secret = context.random.bytes(SECRET_BYTES);
  const row: JoinTokenRow = {
    id: joinTokenId(secret),
    verifier: joinTokenKey(secret),
    uses: wish.uses ?? 1,
    used: 0,
    hosts: wish.hosts?.toLowerCase() ?? null,
    note: wish.note ?? null,
    labels: wish.labels === undefined ? null : JSON.stringify(wish.labels),
    created_at: now,
    created_by: actor,
    expires_at: now + (wish.ttl_seconds ?? DEFAULT_JOIN_TOKEN_SECONDS) * 1000,
    revoked_at: null,
  };
  const token = await context.db.transaction().execute(async (db) => {
    await db.insertInto('join_tokens').values(row).execute();
    await giveGroups(db, row.id, wish.groups ?? []);
    const view = toView(row, { uses: [], groups: await readTokenGroups(db, row.id) }, now);
    await context.audit.record(db, {
      actor,
      event: 'join_token_created',
      fields: {
        token: view.id,
        uses: view.uses,
        hosts: view.hosts,
        note: view.note,
        labels: view.labels,
        groups: view.groups,
        expires_at: view.expires_at,
      },
    });
    return view;
  });
  const pin = Buffer.from(parseFingerprint(context.caFingerprint) ?? '', 'hex');
  return {
    join_string: formatJoinString({ caSpkiSha256: pin, secret }),
    manager_url: context.managerUrl,
    token,
  };
}

/** Every token, newest first. */
export async function listJoinTokens(context: JoinTokenContext): Promise<JoinToken[]> {
  const rows = await context.db.selectFrom('join_tokens').selectAll().orderBy('created_at', 'desc').execute();
  const uses = await context.db.selectFrom('join_token_uses').selectAll().orderBy('used_at').execute();
  const groups = await readTokenGroups(context.db);
  return rows.map((row) => toView(row, { uses, groups }, context.clock.now()));
}

/** One token. @throws PatchError `JOIN_TOKEN_NOT_FOUND` */
export async function getJoinToken(context: JoinTokenContext, id: string): Promise<JoinToken> {
  const row = await getRow(context.db, id);
  const uses = await context.db
    .selectFrom('join_token_uses')
    .selectAll()
    .where('token_id', '=', row.id)
    .orderBy('used_at')
    .execute();
  const groups = await readTokenGroups(context.db, row.id);
  return toView(row, { uses, groups }, context.clock.now());
}

/**
 * From now on the token lets nobody in; doing it twice changes nothing. Hosts that it let in stay.
 * @throws PatchError `JOIN_TOKEN_NOT_FOUND`
 */
export async function revokeJoinToken(
  context: JoinTokenContext,
  id: string,
  actor: string,
): Promise<JoinToken> {
  await context.db.transaction().execute(async (db) => {
    const row = await getRow(db, id);
    if (row.revoked_at !== null) return;
    await db
      .updateTable('join_tokens')
      .set({ revoked_at: context.clock.now() })
      .where('id', '=', row.id)
      .execute();
    await context.audit.record(db, {
      actor,
      event: 'join_token_revoked',
      fields: { token: row.id, used: row.used, uses: row.uses },
    });
  });
  return getJoinToken(context, id);
}

async function getRow(db: Database, id: string): Promise<JoinTokenRow> {
  const row = await db
    .selectFrom('join_tokens')
    .selectAll()
    .where('id', '=', id.toLowerCase())
    .executeTakeFirst();
  if (row) return row;
  throw new PatchError(
    'JOIN_TOKEN_NOT_FOUND',
    'There is no join token with this id. "linux-patch-manager tokens list" shows them; the id is not the join string.',
  );
}
