import {
  type ApiToken,
  boundPermissionsOf,
  type CreateApiToken,
  type CreatedApiToken,
  DAY_MS,
  DEFAULT_API_TOKEN_DAYS,
  PatchError,
  type Permission,
  permissionsOf,
  programPermissions,
} from '@linux-patch/contract';
import type { Clock, Random } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Database } from '../database/open.ts';
import type { ApiTokenRow, ManagerTables } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { replaceBindings, viewAllBindings, viewBindings } from '../reach/bindings.ts';
import { createSecret, secretVerifier } from './secret.ts';
import { toView } from './view.ts';

/** In force at once: one for each program that calls. */
const MAX_ACTIVE = 100;
/** Expired and revoked ones that are kept, newest first, for whoever reads their names in the records. */
const MAX_ENDED = 1_000;

export interface ApiTokenContext {
  readonly db: Kysely<ManagerTables>;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly random: Random;
}

async function requireRoom(db: Database, name: string, now: number): Promise<void> {
  const same = await db
    .selectFrom('api_tokens')
    .select('created_at')
    .where('name', '=', name)
    .executeTakeFirst();
  if (same) {
    throw new PatchError(
      'API_TOKEN_CONFLICT',
      `There is an API token ${name} already, made ${new Date(same.created_at).toISOString()}. Nothing was made. Take another name, ` +
        `for example ${name}-2: records name a token by it, so it is never given twice, and the old one can work until the new one is in place.`,
    );
  }
  const { active } = await db
    .selectFrom('api_tokens')
    .select((select) => select.fn.countAll<number>().as('active'))
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  if (active < MAX_ACTIVE) return;
  throw new PatchError(
    'API_TOKEN_CONFLICT',
    `${MAX_ACTIVE} API tokens are in force, and there may be no more. Nothing was made. Look for unused ones with ` +
      '"linux-patch-manager api-tokens list" and revoke them.',
  );
}

async function forgetOldest(db: Database, now: number): Promise<void> {
  const ended = db
    .selectFrom('api_tokens')
    .select('name')
    .where((where) => where.or([where('revoked_at', 'is not', null), where('expires_at', '<=', now)]));
  const kept = ended.orderBy('created_at', 'desc').orderBy('name').limit(MAX_ENDED);
  await db.deleteFrom('api_tokens').where('name', 'in', ended).where('name', 'not in', kept).execute();
}

/** A token allows what its role may do at most, and a program makes none that may more than itself. */
function requireAllowed({ role, bindings = [], allow = [] }: CreateApiToken, maker: MakerOfTokens): void {
  const beyondRole = allow.filter((one) => !permissionsOf(role).has(one));
  if (beyondRole.length > 0) {
    throw new PatchError(
      'INVALID_REQUEST',
      `The role ${role} has no permission ${beyondRole.join(', ')}, so no token of it can be allowed that. Nothing was made.`,
    );
  }
  const wished = new Set(programPermissions(role, allow));
  for (const { role: bound } of bindings) for (const one of boundPermissionsOf(bound)) wished.add(one);
  const beyondMaker = [...wished].filter((one) => !maker.permissions.has(one));
  if (beyondMaker.length === 0) return;
  throw new PatchError(
    'FORBIDDEN',
    `${maker.name} may not do itself what this token could: ${beyondMaker.join(', ')}. Nothing was made.`,
  );
}

/** Who asks for a token. */
interface MakerOfTokens {
  readonly name: string;
  readonly permissions: ReadonlySet<Permission>;
}

/**
 * Makes a token. Its secret is in what is returned, and nowhere else.
 * @throws PatchError `API_TOKEN_CONFLICT`, `INVALID_REQUEST`, `FORBIDDEN`, `GROUP_NOT_FOUND`
 */
export async function createApiToken(
  { db, audit, clock, random }: ApiTokenContext,
  wish: CreateApiToken,
  maker: MakerOfTokens,
): Promise<CreatedApiToken> {
  requireAllowed(wish, maker);
  const actor = maker.name;
  const now = clock.now();
  const secret = createSecret(wish.name, random);
  const row: ApiTokenRow = {
    name: wish.name,
    verifier: secretVerifier(secret),
    role: wish.role,
    allowed: JSON.stringify(wish.allow ?? []),
    created_at: now,
    created_by: actor,
    expires_at: now + (wish.expires_days ?? DEFAULT_API_TOKEN_DAYS) * DAY_MS,
    revoked_at: null,
    last_used_at: null,
    last_used_from: null,
  };
  const view = await inTransaction(db, async (own) => {
    await requireRoom(own, wish.name, now);
    await forgetOldest(own, now);
    await own.insertInto('api_tokens').values(row).execute();
    const bindings = await replaceBindings(own, { apiToken: wish.name }, wish.bindings ?? []);
    const made = toView(row, bindings, now);
    const { name, role, allowed, expires_at } = made;
    const bound = bindings.length > 0 ? { bindings } : {};
    const fields = { name, role, ...bound, allowed, expires_at };
    await audit.record(own, { actor, event: 'api_token_created', fields });
    return made;
  });
  return { secret, api_token: view };
}

/** Every token, newest first. */
export async function listApiTokens({ db, clock }: ApiTokenContext): Promise<ApiToken[]> {
  const rows = await db
    .selectFrom('api_tokens')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('name')
    .execute();
  const given = await viewAllBindings(db);
  return rows.map((row) => toView(row, given.get(row.name) ?? [], clock.now()));
}

/**
 * From now on the token is not accepted; doing it twice changes nothing.
 * @throws PatchError `API_TOKEN_NOT_FOUND`
 */
export async function revokeApiToken(
  { db, audit, clock }: ApiTokenContext,
  name: string,
  actor: string,
): Promise<ApiToken> {
  return inTransaction(db, async (own) => {
    const row = await own.selectFrom('api_tokens').selectAll().where('name', '=', name).executeTakeFirst();
    if (!row) {
      throw new PatchError(
        'API_TOKEN_NOT_FOUND',
        'There is no API token of this name. "linux-patch-manager api-tokens list" shows them; those that let hosts join are under "tokens".',
      );
    }
    const bindings = await viewBindings(own, { apiToken: name });
    if (row.revoked_at !== null) return toView(row, bindings, clock.now());
    const revoked: ApiTokenRow = { ...row, revoked_at: clock.now() };
    await own
      .updateTable('api_tokens')
      .set({ revoked_at: revoked.revoked_at })
      .where('name', '=', name)
      .execute();
    const view = toView(revoked, bindings, clock.now());
    const { role, last_used_at } = view;
    await audit.record(own, { actor, event: 'api_token_revoked', fields: { name, role, last_used_at } });
    return view;
  });
}
