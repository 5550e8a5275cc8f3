import { DAY_MS, isPatchError } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';
import type { HostJobRow } from '../database/inventory-schema.ts';
import type { Database } from '../database/open.ts';
import type { HostRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { inTurn } from '../fleet-watch/in-turn.ts';
import { type HostSources, instanceOf } from '../hosts/ask-host.ts';
import { JobOrder } from './order.ts';
import { recordOf } from './records.ts';
import { closeJob, type NoJob, readWaiting, takeWaiting } from './store.ts';
import { verdictOf } from './verdict.ts';

export interface TurnParts {
  readonly sources: HostSources;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** How many hosts are asked at a time. */
  readonly concurrency: number;
  /** Nothing else is about a row meanwhile. */
  readonly exclusively: <T>(row: HostJobRow, work: () => Promise<T>) => Promise<T>;
  /** Asks a host, and keeps what it answers. @throws what it answered */
  readonly ask: (host: HostRow, row: HostJobRow, signal: AbortSignal) => Promise<unknown>;
}

/** Asks hosts that wait for their turn, each once, those that wait longest first. */
export interface Turns {
  /** Some wait from now on. */
  begin(): void;
  /** Asks until the signal aborts; what waits then waits on. */
  keepTaking(signal: AbortSignal): Promise<void>;
}

const RETRY_MS = 10_000;
const IDLE_MS = 3_600_000;
const READ_TOGETHER = 200;
/** Nobody expects that a change begins which was asked for longer ago. */
const WAITS_MS = DAY_MS;

const LEFT = 'The host left or was removed before it was asked.';
const NOT_IN_TIME =
  'The host was not asked within a day: the manager was stopped, or asking the others took too long. Whoever still wants it asks for it again.';

export function createTurns(parts: TurnParts): Turns {
  const { concurrency, clock } = parts;
  const { db, logger } = parts.sources;
  let nap = new AbortController();
  /** @returns whether none waits any more */
  const round = async (signal: AbortSignal): Promise<boolean> => {
    let isDone = true;
    const failed = (message: string, error: unknown, fields: object = {}): void => {
      isDone = false;
      if (!signal.aborted) logger.error(message, { ...fields, error });
    };
    // Those that are about to be asked are among those that wait.
    await inTurn(waiting(db, concurrency + READ_TOGETHER), concurrency, signal, (row) =>
      parts
        .exclusively(row, () => takeTurn(parts, row, signal))
        .catch((error: unknown) =>
          failed('A host could not be asked in its turn; it is tried once more', error, { fqdn: row.fqdn }),
        ),
    ).catch((error: unknown) => failed('Hosts that wait could not be read; it is tried once more', error));
    return isDone;
  };
  return {
    begin: () => nap.abort(),
    async keepTaking(signal) {
      while (!signal.aborted) {
        nap = new AbortController();
        const isDone = await round(signal);
        const waking = isDone ? AbortSignal.any([signal, nap.signal]) : signal;
        await clock.sleep(isDone ? IDLE_MS : RETRY_MS, waking).catch(() => {});
      }
    },
  };
}

/** Each row that waits once, also those that come to wait meanwhile. */
async function* waiting(db: Database, limit: number): AsyncGenerator<HostJobRow, void> {
  const taken = new Set<string>();
  for (;;) {
    const rows = (await readWaiting(db, limit)).filter(({ id }) => !taken.has(id));
    if (rows.length === 0) return;
    for (const row of rows) {
      taken.add(row.id);
      yield row;
    }
  }
}

/** @throws what is about this manager and not about the host, which waits on then */
async function takeTurn(parts: TurnParts, row: HostJobRow, signal: AbortSignal): Promise<void> {
  const { sources, clock } = parts;
  const notAsked = (message: string): NoJob => ({ state: 'not_asked', code: null, message });
  const close = (verdict: NoJob): Promise<void> =>
    inTransaction(sources.db, (own) => closeJob(own, row, verdict, clock.now()));
  const host = await sources.db
    .selectFrom('hosts')
    .selectAll()
    .where('id', '=', row.host_id)
    .executeTakeFirst();
  if (!host || host.left_at !== null) return close(notAsked(LEFT));
  if (clock.now() - row.asked_at > WAITS_MS) return close(notAsked(NOT_IN_TIME));
  const instance = await findInstance(sources, host, signal);
  if ('state' in instance) return close(instance);
  const asked = await begin(parts, host, row, instance.id);
  if (!asked) return;
  await parts.ask(host, asked, signal).catch((error: unknown) => {
    if (!signal.aborted)
      sources.logger.debug('A host did not take what it was asked', { fqdn: row.fqdn, error });
  });
}

/** The instance that is meant, or why there is none. */
async function findInstance(
  sources: HostSources,
  host: HostRow,
  signal: AbortSignal,
): Promise<{ readonly id: string | undefined } | NoJob> {
  try {
    return { id: await instanceOf(sources, host, signal) };
  } catch (error) {
    if (signal.aborted) throw error;
    // Only its health was asked for: also where the answer was lost, nothing has begun.
    if (isPatchError(error, 'AGENT_UNREACHABLE'))
      return { state: 'not_begun', code: error.code, message: error.message };
    const verdict = verdictOf(error, { earlier: false });
    if (!verdict) throw error;
    return verdict;
  }
}

/** Puts on record that the host is asked now. @returns undefined when its act was stopped meanwhile */
function begin(
  { sources, audit, clock }: TurnParts,
  host: HostRow,
  row: HostJobRow,
  instanceId: string | undefined,
): Promise<HostJobRow | undefined> {
  return inTransaction(sources.db, async (own) => {
    const asked = await takeWaiting(own, row, { instanceId, nowMs: clock.now() });
    if (!asked) return undefined;
    const order = JobOrder.parse(JSON.parse(asked.request));
    const more = row.act_id === null ? {} : { act: row.act_id };
    await audit.record(own, { actor: row.actor, ...recordOf('requested', host, order, more) });
    return asked;
  });
}
