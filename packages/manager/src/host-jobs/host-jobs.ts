import { type JobAccepted, messageOf, PatchError } from '@linux-patch/contract';
import type { Clock, Random } from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';
import type { HostJobRow } from '../database/inventory-schema.ts';
import type { HostRow } from '../database/schema.ts';
import { inTransaction } from '../database/transactions.ts';
import { inTurn } from '../fleet-watch/in-turn.ts';
import { askChange, type HostSources, instanceOf } from '../hosts/ask-host.ts';
import type { JobFollower } from '../inventory/follow-jobs.ts';
import { callOf, JobOrder, namesIn, operationOf, planHashOf } from './order.ts';
import { recordOf } from './records.ts';
import { acceptJob, beginJob, closeJob, type NoJob, readAsked } from './store.ts';
import { createTurns } from './take-turns.ts';
import { verdictOf } from './verdict.ts';

/** What hosts are asked to do: on record before they hear of it, so that it is done once whatever happens to this manager. */
export interface HostJobs {
  /**
   * Asks a host for a job. The request outlives its caller: where its answer is lost it is repeated under the same key.
   * @param wish.key names it; drawn where nobody named it
   * @throws PatchError as `askChange` does; `IDEMPOTENCY_CONFLICT`
   */
  ask(
    host: HostRow,
    order: JobOrder,
    wish: { readonly actor: string; readonly key: string | undefined },
  ): Promise<JobAccepted>;
  /** There are hosts on record that wait for their turn: they are asked from now on. */
  takeTurns(): void;
  /** Asks those whose turn it is, and again where the answer is not known, until the signal aborts; calls under way are ended then. */
  keepAsking(signal: AbortSignal): Promise<void>;
}

export interface HostJobParts {
  readonly sources: HostSources;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly random: Pick<Random, 'uuid'>;
  readonly follower: Pick<JobFollower, 'follow'>;
  /** How many hosts are asked again at a time, and as many in their turn. */
  readonly concurrency: number;
}

const RETRY_MS = 10_000;
const MAX_RETRY_MS = 60_000;
const IDLE_MS = 3_600_000;
/** Nobody expects a change to begin that was asked for longer ago. */
const ASK_AGAIN_MS = 3_600_000;
const TIMEOUT_MS = 30_000;

export function createHostJobs(parts: HostJobParts): HostJobs {
  const { sources, clock, random } = parts;
  const life = new AbortController();
  /** Rows that a call of this process is about now. */
  const busy = new Set<string>();
  let nap = new AbortController();
  const exclusively = async <T>(row: HostJobRow, work: () => Promise<T>): Promise<T> => {
    busy.add(row.id);
    try {
      return await work();
    } finally {
      busy.delete(row.id);
    }
  };
  const round = async (signal: AbortSignal): Promise<number> => {
    const rows = (await readAsked(sources.db)).filter(({ id }) => !busy.has(id));
    await inTurn(rows, parts.concurrency, signal, (row) =>
      exclusively(row, () => askAgain(parts, row, signal)).catch((error: unknown) => {
        if (!signal.aborted)
          sources.logger.error('A host could not be asked again', { fqdn: row.fqdn, error });
      }),
    );
    const newest = rows.at(-1)?.asked_at;
    if (newest === undefined) return busy.size > 0 ? RETRY_MS : IDLE_MS;
    return Math.min(Math.max((clock.now() - newest) / 10, RETRY_MS), MAX_RETRY_MS);
  };
  const wake = (): void => nap.abort();
  const turns = createTurns({
    ...parts,
    exclusively,
    ask: (host, row, signal) => askOnce(parts, host, row, { signal, wake }),
  });
  const keepAskingAgain = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const waitMs = await round(signal).catch((error: unknown) => {
        if (!signal.aborted)
          sources.logger.error('Hosts could not be asked again; it is tried once more', { error });
        return RETRY_MS;
      });
      await clock.sleep(waitMs, AbortSignal.any([signal, nap.signal])).catch(() => {});
      if (!nap.signal.aborted) continue;
      nap = new AbortController();
      await clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  };
  return {
    takeTurns: () => turns.begin(),
    async ask(host, order, { actor, key = random.uuid() }) {
      const { signal } = life;
      const instanceId = await instanceOf(sources, host, signal);
      const row = await inTransaction(sources.db, async (own) => {
        // What cannot be recorded is not started.
        await parts.audit.record(own, { actor, ...recordOf('requested', host, order) });
        return beginJob(own, newRow(parts, host, { order, actor, key, instanceId }));
      });
      if (row.job_id !== null) return acceptedOf(order, row.job_id);
      return exclusively(row, () => askOnce(parts, host, row, { signal, wake }));
    },
    async keepAsking(signal) {
      const end = (): void => life.abort();
      signal.addEventListener('abort', end, { once: true });
      await Promise.all([keepAskingAgain(signal), turns.keepTaking(signal)]);
    },
  };
}

function newRow(
  { clock, random }: HostJobParts,
  host: HostRow,
  asked: {
    readonly order: JobOrder;
    readonly actor: string;
    readonly key: string;
    readonly instanceId: string | undefined;
  },
) {
  const { order, actor, key, instanceId } = asked;
  return {
    id: random.uuid(),
    host_id: host.id,
    fqdn: host.fqdn,
    key,
    actor,
    operation: operationOf(order),
    request: JSON.stringify(order),
    plan_hash: planHashOf(order),
    instance_id: instanceId ?? null,
    asked_at: clock.now(),
  };
}

function acceptedOf(order: JobOrder, jobId: string): JobAccepted {
  const operation = operationOf(order);
  return { job_id: jobId, status: 'pending', operation, packages: namesIn(order), package: null };
}

interface Asking {
  readonly signal: AbortSignal;
  /** Its answer was lost: it has to be asked again. */
  readonly wake: () => void;
}

async function askOnce(
  parts: HostJobParts,
  host: HostRow,
  row: HostJobRow,
  { signal, wake }: Asking,
): Promise<JobAccepted> {
  try {
    return await send(parts, host, row, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const verdict = verdictOf(error, { earlier: false }) ?? unrepeatable(row, error);
    if (!verdict) {
      wake();
      throw repeated(error);
    }
    await close(parts, row, verdict);
    throw error;
  }
}

/** An agent that knows no keys would begin another job. */
function unrepeatable({ instance_id }: HostJobRow, error: unknown): NoJob | undefined {
  return instance_id === null ? { state: 'unknown', code: null, message: messageOf(error) } : undefined;
}

function repeated(error: unknown): unknown {
  if (!(error instanceof PatchError)) return error;
  const { code, message, details } = error;
  return new PatchError(
    code,
    `${message} It is asked again under the same key, so that it is done once: "linux-patch-manager jobs" shows what comes of it.`,
    { details, cause: error },
  );
}

/** Asks, and keeps what the host answers when it takes the request. */
async function send(
  parts: HostJobParts,
  host: HostRow,
  row: HostJobRow,
  signal: AbortSignal,
): Promise<JobAccepted> {
  const { sources, clock, audit } = parts;
  const order = JobOrder.parse(JSON.parse(row.request));
  const { route, ...call } = callOf(order);
  const wish = { ...call, idempotencyKey: row.key, signal, timeoutMs: TIMEOUT_MS };
  const accepted = await askChange(sources, host, route, {
    ...wish,
    ...(row.instance_id === null ? {} : { instanceId: row.instance_id }),
  });
  const { job_id: jobId } = accepted;
  const { event, fields } = recordOf('started', host, order, { job: jobId });
  await inTransaction(sources.db, async (own) => {
    if (!(await acceptJob(own, row, { jobId, nowMs: clock.now() }))) return;
    await audit.record(own, { actor: row.actor, event, fields });
  })
    .then(() => parts.follower.follow(host.id))
    // It runs already, and that it was asked for is on record: the caller has to hear of its job.
    .catch((error: unknown) =>
      sources.logger.error('That a job was started could not be kept; its host is asked again', {
        ...fields,
        error,
      }),
    );
  return accepted;
}

async function close({ sources, clock }: HostJobParts, row: HostJobRow, verdict: NoJob): Promise<void> {
  await inTransaction(sources.db, (own) => closeJob(own, row, verdict, clock.now())).catch((error: unknown) =>
    sources.logger.error('What a host answered could not be kept; it is asked again', {
      fqdn: row.fqdn,
      error,
    }),
  );
}

function findHost({ sources }: HostJobParts, { host_id }: HostJobRow): Promise<HostRow | undefined> {
  return sources.db.selectFrom('hosts').selectAll().where('id', '=', host_id).executeTakeFirst();
}

const GONE = 'The host left or was removed before it said whether it began this.';
const CUT_OFF =
  'The manager was stopped while it asked, and the agent is too old to know the request again. Whether it began this is not known; its own jobs show it.';
const TOO_LATE =
  'The host could not be asked again within an hour. Whether it began this is not known; its own jobs show it.';

async function askAgain(parts: HostJobParts, row: HostJobRow, signal: AbortSignal): Promise<void> {
  const { sources, clock } = parts;
  const host = await findHost(parts, row);
  const giveUp = (message: string) => close(parts, row, { state: 'unknown', code: null, message });
  if (!host || host.left_at !== null) return giveUp(GONE);
  if (row.instance_id === null) return giveUp(CUT_OFF);
  if (clock.now() - row.asked_at > ASK_AGAIN_MS) return giveUp(TOO_LATE);
  try {
    await send(parts, host, row, signal);
  } catch (error) {
    if (signal.aborted) return;
    const verdict = verdictOf(error, { earlier: true });
    if (verdict) return close(parts, row, verdict);
    sources.logger.debug('A host did not say what became of a request; it is asked again', {
      fqdn: host.fqdn,
      error,
    });
  }
}
