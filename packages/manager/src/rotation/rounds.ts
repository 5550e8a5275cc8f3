import { AGENT_ROUTES, isPatchError, messageOf, type TrustBundle } from '@linux-patch/contract';
import { type Clock, createSequence, type Logger } from '@linux-patch/runtime';
import type { Authority } from '../authority/authority.ts';
import type { Database } from '../database/open.ts';
import type { FleetClient } from '../fleet-client/client.ts';
import { inTurn } from '../fleet-watch/in-turn.ts';
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
/** After a rotation nobody waits for a host that was left behind; it has asked by itself before it is told. */
const LEFT_BEHIND_PAUSE_MS = 600_000;
/** Hosts that joined meanwhile are asked once what they trust. */
const QUIET_PAUSE_MS = 300_000;

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
  told: { readonly stage: string; readonly bundle: TrustBundle; readonly signal: AbortSignal },
): Promise<void> {
  const { stage, bundle, signal } = told;
  try {
    const state = await fleet.call(host.address, AGENT_ROUTES.setTrust, { body: bundle, signal });
    await followers.noteState(host.hostId, stage, state);
  } catch (error) {
    if (!signal.aborted) await followers.noteError(host.hostId, reasonOf(error));
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

export function createRounds(options: RoundOptions): Rounds {
  const { authority, followers, clock, logger } = options;
  const sequence = createSequence();
  let nap = new AbortController();
  let stopping: AbortSignal = new AbortController().signal;
  const work = async (): Promise<void> => {
    const need = needOf(authority);
    if (!need) return;
    const { behind } = await followers.laggards(need);
    if (behind.length === 0) return;
    const bundle = await authority.trustBundle(options.db);
    const told = { stage: need.stage, bundle, signal: stopping };
    await inTurn(behind, CONCURRENCY, stopping, (host) => tell(options, host, told));
  };
  const chained = (): Promise<void> => sequence.run(work);
  /** Undefined when there is nothing to follow, until a rotation begins. */
  const pauseMs = async (): Promise<number | undefined> => {
    const need = needOf(authority);
    if (!need) return undefined;
    const { behind } = await followers.laggards(need);
    if (behind.length === 0) return QUIET_PAUSE_MS;
    if (behind.some((host) => host.renewing)) return RENEWING_PAUSE_MS;
    return authority.store.state.phase === 'standby' ? LEFT_BEHIND_PAUSE_MS : BEHIND_PAUSE_MS;
  };
  return {
    async round() {
      await chained();
      nap.abort();
    },
    async run(signal) {
      stopping = signal;
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
