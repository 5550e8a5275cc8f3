import { createHash } from 'node:crypto';
import { HOUR_MS } from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { HostRow, ManagerTables } from '../database/schema.ts';
import { inTurn } from '../fleet-watch/in-turn.ts';
import type { Lister } from './lister.ts';
import { isOtherwise, type LiveFacts, readKept } from './live-facts.ts';
import type { ListingPace } from './rounds.ts';
import { readStarted } from './started-jobs.ts';

/** Compares what hosts said when somebody asked them with what is on record of them, which is what everybody else is shown. */
export interface LiveAnswers {
  /** A host said this just now. Nobody waits for what follows: where its record says otherwise, the host is listed anew. */
  heard(hostId: HostRow['id'], facts: LiveFacts): void;
  /** Compares until the signal aborts; does nothing where hosts are not listed. */
  keepComparing(signal: AbortSignal): Promise<void>;
}

export interface LiveAnswerParts {
  readonly db: Kysely<ManagerTables>;
  readonly lister: Lister;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pace: ListingPace;
}

export function createLiveAnswers(parts: LiveAnswerParts): LiveAnswers {
  const { clock, logger, pace } = parts;
  /** What each said last; what it said before that counts no more. */
  const fresh = new Map<HostRow['id'], LiveFacts>();
  /** The difference for which each was listed last: a listing that did not end it is not repeated for it. */
  const listedFor = new Map<HostRow['id'], string>();
  let nap = new AbortController();
  const compare = async (hostId: HostRow['id'], facts: LiveFacts, signal: AbortSignal): Promise<void> => {
    const difference = await findDifference(parts, hostId, facts);
    if (difference === undefined || listedFor.get(hostId) === difference.name) return;
    listedFor.set(hostId, difference.name);
    await parts.lister.list(difference.host, [], signal);
  };
  return {
    heard(hostId, facts) {
      if (pace.intervalMs === 0) return;
      fresh.set(hostId, facts);
      nap.abort();
    },
    async keepComparing(signal) {
      while (pace.intervalMs > 0 && !signal.aborted) {
        await clock.sleep(HOUR_MS, AbortSignal.any([signal, nap.signal])).catch(() => {});
        nap = new AbortController();
        const said = [...fresh];
        fresh.clear();
        await inTurn(said, pace.concurrency, signal, ([hostId, facts]) =>
          compare(hostId, facts, signal).catch((error: unknown) => {
            if (!signal.aborted)
              logger.error('What a host said could not be compared with what is on record of it', {
                host: hostId,
                error,
              });
          }),
        );
      }
    },
  };
}

/** How what a host said differs from its record, under a name; undefined where it does not, or where the end of a job is waited for with the listing. */
async function findDifference(
  { db }: LiveAnswerParts,
  hostId: HostRow['id'],
  facts: LiveFacts,
): Promise<{ readonly host: HostRow; readonly name: string } | undefined> {
  const host = await db.selectFrom('hosts').selectAll().where('id', '=', hostId).executeTakeFirst();
  if (!host || host.left_at !== null || (await readStarted(db, hostId)).length > 0) return undefined;
  const kept = await readKept(db, hostId);
  if (!isOtherwise(kept, facts)) return undefined;
  return {
    host,
    name: createHash('sha256')
      .update(JSON.stringify([kept, facts]))
      .digest('base64url'),
  };
}
