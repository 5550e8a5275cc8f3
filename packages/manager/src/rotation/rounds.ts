import { AGENT_ROUTES, isPatchError, messageOf, type TrustBundle } from '@linux-patch/contract';
import type { Clock, Logger } from '@linux-patch/runtime';
import type { Authority } from '../authority/authority.ts';
import type { Database } from '../database/open.ts';
import type { FleetClient } from '../fleet-client/client.ts';
import type { Followers, Laggard } from './followers.ts';
import { needOf } from './need.ts';

/** Tells hosts what to trust, again and again, until all have followed. */
export interface Rounds {
  /** One round over those that have not followed; at once, or after the one that is under way. */
  round(): Promise<void>;
  /** Goes on until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface RoundOptions {
  readonly authority: Authority;
  readonly followers: Followers;
  readonly fleet: FleetClient;
  readonly db: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Hosts asked at the same time. */
const CONCURRENCY = 32;
/** A host that renews is done in seconds. */
const RENEWING_PAUSE_MS = 5_000;
const BEHIND_PAUSE_MS = 60_000;
const QUIET_PAUSE_MS = 3_600_000;

/** Words for an agent that is too old to be told. */
function reasonOf(error: unknown): string {
  if (isPatchError(error, 'AGENT_ERROR')) {
    const { agent } = error.details as { agent?: { code?: string } };
    if (agent?.code === 'NOT_FOUND' || agent?.code === 'METHOD_NOT_ALLOWED')
      return 'its agent is too old to be told; upgrade it, or enrol the host again afterwards';
  }
  return messageOf(error);
}

async function tell(
  { followers, fleet }: RoundOptions,
  host: Laggard,
  told: { readonly stage: string; readonly bundle: TrustBundle },
): Promise<void> {
  try {
    const state = await fleet.call(host.address, AGENT_ROUTES.setTrust, { body: told.bundle });
    await followers.noteState(host.hostId, told.stage, state);
  } catch (error) {
    await followers.noteError(host.hostId, reasonOf(error));
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Works through a list with so many workers at once. */
async function inParallel<T>(list: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const queue = [...list];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, list.length) }, worker));
}

export function createRounds(options: RoundOptions): Rounds {
  const { authority, followers, clock, logger } = options;
  let tail: Promise<unknown> = Promise.resolve();
  let nap = new AbortController();
  const work = async (): Promise<void> => {
    const need = needOf(authority);
    if (!need) return;
    const { behind } = await followers.laggards(need);
    if (behind.length === 0) return;
    const told = { stage: need.stage, bundle: await authority.trustBundle(options.db) };
    await inParallel(behind, (host) => tell(options, host, told));
  };
  const chained = (): Promise<void> => {
    const result = tail.then(work);
    tail = result.catch(() => undefined);
    return result;
  };
  /** Undefined when there is nothing to follow, until a rotation begins. */
  const pauseMs = async (): Promise<number | undefined> => {
    const need = needOf(authority);
    if (!need) return undefined;
    const { behind } = await followers.laggards(need);
    if (behind.length === 0) return QUIET_PAUSE_MS;
    return behind.some((host) => host.renewing) ? RENEWING_PAUSE_MS : BEHIND_PAUSE_MS;
  };
  return {
    async round() {
      await chained();
      nap.abort();
    },
    async run(signal) {
      while (!signal.aborted) {
        nap = new AbortController();
        try {
          await chained();
          const until = AbortSignal.any([signal, nap.signal]);
          const ms = await pauseMs();
          await (ms === undefined ? aborted(until) : clock.sleep(ms, until).catch(() => {}));
        } catch (error) {
          logger.error('Hosts could not be told which CAs to trust; it is tried again', { error });
          await clock.sleep(BEHIND_PAUSE_MS, signal).catch(() => {});
        }
      }
    },
  };
}
