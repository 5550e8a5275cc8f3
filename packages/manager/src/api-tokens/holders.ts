import { timingSafeEqual } from 'node:crypto';
import { type ApiToken, type GuardedPermission, MINUTE_MS, PatchError } from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { ApiTokenRow, ManagerTables } from '../database/schema.ts';
import { readBindings } from '../reach/bindings.ts';
import type { BoundRole } from '../reach/reach.ts';
import { claimedName, secretVerifier } from './secret.ts';
import { allowedOf, stateOf } from './view.ts';

/** What was shown with a request. */
export type Shown =
  | {
      readonly state: 'active';
      readonly name: string;
      /** As the database has it. */
      readonly role: string;
      readonly allowed: readonly GuardedPermission[];
      readonly bindings: readonly BoundRole[];
      /** Ends what the holder still has open when the token is revoked. */
      readonly cut: AbortSignal;
      /** Epoch milliseconds. */
      readonly endsAtMs: number;
    }
  | {
      readonly state: Exclude<ApiToken['state'], 'active'>;
      readonly name: string;
      /** Epoch milliseconds. */
      readonly endedAtMs: number;
    };

/** Who calls with an API token. */
export interface TokenHolders {
  /** Looks up what was shown, and notes that it was used; undefined when it is no token of this manager. */
  find(shown: string, address: string): Promise<Shown | undefined>;
  /** Ends what this token still has open; for one that was revoked, before that is answered. */
  cutOff(name: string): void;
  /** A token of this name was made, and has nothing to do with a forgotten one that was revoked. */
  begin(name: string): void;
}

interface HolderContext {
  readonly db: Kysely<ManagerTables>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Writes down a use once a minute at most, so that a scrape costs no flush; a full disk refuses nobody who only reads. */
function createUseNotes({ db, clock, logger }: HolderContext) {
  /** By the name of a token that counted then: as many as were made since the start. */
  const notedAtMs = new Map<string, number>();
  return async (name: string, address: string): Promise<void> => {
    const last = notedAtMs.get(name);
    if (last !== undefined && clock.monotonicMs() - last < MINUTE_MS) return;
    notedAtMs.set(name, clock.monotonicMs());
    try {
      await db
        .updateTable('api_tokens')
        .set({ last_used_at: clock.now(), last_used_from: address })
        .where('name', '=', name)
        .execute();
    } catch (error) {
      logger.warn('That an API token was used is not on record', { name, error });
    }
  };
}

function isVerified(row: ApiTokenRow, shown: string): boolean {
  const [expected, given] = [Buffer.from(row.verifier), secretVerifier(shown)];
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** Finds holders in the database at each request: nothing is remembered that a revocation would have to reach. */
export function createTokenHolders(context: HolderContext): TokenHolders {
  const { db, clock } = context;
  const noteUse = createUseNotes(context);
  /** Kept when they have ended, so that no request gets past that was looked up just before. */
  const cuts = new Map<string, AbortController>();
  const cutOf = (name: string): AbortController => {
    const cut = cuts.get(name) ?? new AbortController();
    cuts.set(name, cut);
    return cut;
  };
  return {
    async find(shown, address) {
      const name = claimedName(shown);
      if (name === undefined) return undefined;
      const row = await db.selectFrom('api_tokens').selectAll().where('name', '=', name).executeTakeFirst();
      if (!row || !isVerified(row, shown)) return undefined;
      const state = stateOf(row, clock.now());
      if (state !== 'active') return { state, name, endedAtMs: row.revoked_at ?? row.expires_at };
      const cut = cutOf(name).signal;
      const bindings = await readBindings(db, { apiToken: name });
      await noteUse(name, address);
      // It may have been revoked since it was looked up.
      if (cut.aborted) return { state: 'revoked', name, endedAtMs: clock.now() };
      const allowed = allowedOf(row);
      return { state, name, role: row.role, allowed, bindings, cut, endsAtMs: row.expires_at };
    },
    begin: (name) => void cuts.delete(name),
    cutOff(name) {
      cutOf(name).abort(new PatchError('UNAUTHORIZED', `The API token ${name} was revoked.`));
    },
  };
}
