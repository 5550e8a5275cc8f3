import { isPatchError, messageOf } from '@linux-patch/contract';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { Kysely } from 'kysely';
import type { AuditLog } from '../audit/audit-log.ts';
import type { HostReportRow, HostRow, ManagerTables } from '../database/schema.ts';
import type { Waiting } from '../enrollment/waiting.ts';
import type { FleetClient } from '../fleet-client/client.ts';
import { addressOf, type HostStore } from '../hosts/store.ts';
import { HEALTH_OF_ANY_AGENT } from './health-report.ts';
import { inTurn } from './in-turn.ts';
import type { JobKeyOffers } from './offer-job-key.ts';
import type { ListSender } from './send-list.ts';

/** Asks every host now and then how it fares. */
export interface FleetPoll {
  /** When the last round ended, epoch milliseconds. */
  readonly lastRoundMs: number | undefined;
  /** One round over the fleet. */
  round(signal: AbortSignal): Promise<void>;
  /** The next round comes now, or right after the one under way. */
  roundSoon(): void;
  /** Rounds until the signal aborts. */
  keepPolling(signal: AbortSignal): Promise<void>;
}

export interface FleetPollParts {
  readonly db: Kysely<ManagerTables>;
  readonly hosts: HostStore;
  readonly fleet: FleetClient;
  readonly lists: ListSender;
  readonly jobKeys: JobKeyOffers;
  /** Tells of decisions, after which somebody new is to be expected. */
  readonly waiting: Pick<Waiting, 'onDecision'>;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** An interval of 0 asks never. */
  readonly pace: { readonly concurrency: number; readonly intervalMs: number };
}

/** How long after its start a manager looks at its fleet for the first time. */
const FIRST_ROUND_MS = 10_000;
/** How often it looks at hosts that joined and were not reached yet, and for how long. */
const NEWCOMERS_MS = 5_000;
const NEW_FOR_MS = 10 * 60_000;
/** So many that were not tried yet are asked one after the other between two rounds, for each that is asked at once. */
const UNTRIED_IN_TURN = 20;
/** Long enough for a host at work, short enough for a whole fleet that is switched off. */
const TIMEOUT_MS = 10_000;

export function createFleetPoll(parts: FleetPollParts): FleetPoll {
  const { db, clock, random, logger, pace } = parts;
  const { concurrency, intervalMs } = pace;
  const alarms = new Map<string, string>();
  let lastRoundMs: number | undefined;
  let isWanted = false;
  let nap = new AbortController();
  const round = async (signal: AbortSignal): Promise<void> => {
    const fleet = await db.selectFrom('hosts').selectAll().where('left_at', 'is', null).execute();
    await inTurn(fleet, concurrency, signal, async (host) => {
      await askHost(parts, host, signal).catch((error: unknown) =>
        logger.error('What a host said could not be kept', { fqdn: host.fqdn, error }),
      );
    });
    if (signal.aborted) return;
    await tellAlarms(parts, alarms);
    lastRoundMs = clock.now();
  };
  return {
    get lastRoundMs() {
      return lastRoundMs;
    },
    round,
    roundSoon() {
      isWanted = true;
      nap.abort();
    },
    async keepPolling(signal) {
      if (intervalMs === 0) return;
      // Managers that were started together, for example after a power cut, do not ask in step.
      const spread = (ms: number): number => clock.monotonicMs() + ms * (0.8 + 0.4 * random.fraction());
      let nextRoundMs = spread(Math.min(FIRST_ROUND_MS, intervalMs));
      // Somebody may have joined just before this start.
      let lookUntilMs = clock.monotonicMs() + NEW_FOR_MS;
      using _decisions = parts.waiting.onDecision(() => {
        const sleepsLong = clock.monotonicMs() >= lookUntilMs;
        lookUntilMs = clock.monotonicMs() + NEW_FOR_MS;
        if (sleepsLong) nap.abort();
      });
      while (!signal.aborted) {
        const untilRoundMs = nextRoundMs - clock.monotonicMs();
        const look = clock.monotonicMs() < lookUntilMs;
        const sleepMs = look ? Math.min(untilRoundMs, NEWCOMERS_MS) : untilRoundMs;
        if (sleepMs > 0) await clock.sleep(sleepMs, AbortSignal.any([signal, nap.signal])).catch(() => {});
        if (signal.aborted) return;
        if (nap.signal.aborted) nap = new AbortController();
        const isTime = isWanted || clock.monotonicMs() >= nextRoundMs;
        isWanted = false;
        await (isTime ? round(signal) : askNewcomers(parts, signal)).catch((error: unknown) =>
          logger.error('Asking the fleet failed; the next round comes', { error }),
        );
        if (isTime) nextRoundMs = spread(intervalMs);
      }
    },
  };
}

/** Hosts that joined just now: whether they can be reached is worth knowing while somebody still looks. */
async function askNewcomers(parts: FleetPollParts, signal: AbortSignal): Promise<void> {
  const { db, clock, pace, logger } = parts;
  const { concurrency } = pace;
  const unseen = db
    .selectFrom('hosts')
    .selectAll()
    .where('left_at', 'is', null)
    .where('last_seen_at', 'is', null)
    .where('created_at', '>', clock.now() - NEW_FOR_MS);
  const untried = await unseen
    .where('last_error', 'is', null)
    .limit(concurrency * UNTRIED_IN_TURN)
    .execute();
  // They have the regular round as well, and each may cost the time that a host is given.
  const again = await unseen
    .where('last_error', 'is not', null)
    .limit(Math.max(0, concurrency - untried.length))
    .execute();
  await inTurn([...untried, ...again], concurrency, signal, (host) =>
    askHost(parts, host, signal).catch((error: unknown) =>
      logger.error('What a new host said could not be kept', { fqdn: host.fqdn, error }),
    ),
  );
}

async function askHost(parts: FleetPollParts, host: HostRow, signal: AbortSignal): Promise<void> {
  const { db, hosts, fleet, lists, jobKeys, clock } = parts;
  let served: string | undefined;
  try {
    const said = await fleet.call(addressOf(host), HEALTH_OF_ANY_AGENT, {
      signal,
      timeoutMs: TIMEOUT_MS,
      onPeer: (serialHex) => (served = serialHex),
    });
    const health = await jobKeys.offer(host, said, signal);
    const report = { at: clock.now(), health: JSON.stringify(health), served_serial: served ?? null };
    await keepReport(db, host.id, report, report);
    await hosts.note(host.id, undefined);
    if (health.crl_number) await lists.note(host.id, Number(health.crl_number));
  } catch (error) {
    if (signal.aborted) return;
    if (!isPatchError(error, 'AGENT_UNREACHABLE', 'AGENT_ERROR')) throw error;
    await hosts.note(host.id, messageOf(error));
    // It was reached all the same, and refused for its certificate: then it has to hear why.
    if (served === undefined) return;
    const shown = { served_serial: served };
    await keepReport(db, host.id, { at: clock.now(), health: '{}', ...shown }, shown);
  }
  if (served !== undefined) await lists.sendIfBehind(host, served, signal);
}

/** @param change what becomes of an earlier report */
async function keepReport(
  db: Kysely<ManagerTables>,
  hostId: string,
  first: Omit<HostReportRow, 'host_id'>,
  change: Partial<HostReportRow>,
): Promise<void> {
  await db
    .insertInto('host_reports')
    .values({ host_id: hostId, ...first })
    .onConflict((conflict) => conflict.column('host_id').doUpdateSet(change))
    .execute();
}

/** Says once what is wrong with which host, and once that it is well again. */
async function tellAlarms(
  { hosts, audit, db, logger }: FleetPollParts,
  alarms: Map<string, string>,
): Promise<void> {
  for (const { id, fqdn, identity } of await hosts.list('everywhere')) {
    const before = alarms.get(id) ?? 'ok';
    alarms.set(id, identity.state);
    if (before === identity.state || identity.state === 'left') continue;
    const fields = { host: id, fqdn, state: identity.state, reason: identity.message };
    await audit.record(db, { actor: 'manager', event: 'host_identity_alarm', fields });
    if (identity.state === 'ok') logger.info('The identity of a host is well again', fields);
    else logger.warn('The identity of a host needs a look', fields);
  }
}
