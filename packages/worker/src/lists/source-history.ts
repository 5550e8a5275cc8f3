import { HOUR_MS, lazily } from '@linux-patch/contract';
import { z } from 'zod';
import type { SourceState } from '../package-interface/package-inventory.ts';
import type { RefreshedSources } from '../package-interface/package-operations.ts';

/** A source that answers nothing writes no novel. */
const ERROR_CHARACTERS = 1_000;
const MOST_SOURCES = 10_000;

/** What refreshes of this agent, and the jobs, heard of one source. */
const SourceRecord = lazily(() =>
  z.object({
    id: z.string().max(4_096),
    /** When it was last asked with success. */
    checked_at: z.iso.datetime().nullable(),
    /** When and how it failed since then; null when it did not. */
    failed_at: z.iso.datetime().nullable(),
    error: z.string().max(ERROR_CHARACTERS).nullable(),
  }),
);
export const SourceRecords = z.array(SourceRecord).max(MOST_SOURCES);
export type SourceRecords = z.infer<typeof SourceRecords>;

/** What is known of a source now. */
export interface SourceHistory {
  /** When this host last got what it has of it, or heard that it is still the newest; undefined when nobody knows. */
  readonly fetchedAtMs: number | undefined;
  /** Why the last refresh failed for it, in one line; undefined when it did not, or when its lists came since. */
  readonly error: string | undefined;
}

/** A refresh that failed as a whole. */
export interface WholeFailure {
  readonly message: string;
  /** Undefined when nobody knows. */
  readonly atMs: number | undefined;
}

/** One line of what a program or a server said. */
function lineOf(text: string): string {
  return text
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, ERROR_CHARACTERS);
}

/**
 * What is on record after a refresh.
 * @param configured the sources of this host; undefined when they are not known
 */
export function recordAfter(
  before: SourceRecords,
  { failed, healthy }: RefreshedSources,
  at: { readonly atMs: number; readonly configured: readonly SourceState[] | undefined },
): SourceRecords {
  const now = new Date(at.atMs).toISOString();
  const earlier = new Map(before.map((one) => [one.id, one]));
  const known = new Map(earlier);
  for (const id of healthy) known.set(id, { id, checked_at: now, failed_at: null, error: null });
  for (const { id, reason } of failed) {
    if (id === undefined) continue;
    const checked_at = earlier.get(id)?.checked_at ?? null;
    known.set(id, { id, checked_at, failed_at: now, error: lineOf(reason) });
  }
  const configured = at.configured && new Set(at.configured.map((one) => one.id));
  const kept = [...known.values()].filter(
    ({ id }) => id.length <= 4_096 && (!configured || configured.has(id)),
  );
  return kept.slice(0, MOST_SOURCES);
}

/** Puts together what is seen on disk, whoever refreshed, and what the refreshes on record heard. */
export function historyOf(
  { id, present, fetchedAtMs: onDiskMs }: SourceState,
  known: { readonly records: SourceRecords; readonly failure: WholeFailure | undefined },
  nowMs: number,
): SourceHistory {
  const record = known.records.find((one) => one.id === id);
  // What lies in the future was written down by a clock that was wrong; when it was, nobody knows.
  const times = [onDiskMs, msOf(record?.checked_at)].filter(
    (one) => one !== undefined && one <= nowMs + HOUR_MS,
  ) as number[];
  const fetchedAtMs = times.length === 0 ? undefined : Math.max(...times);
  const { message, atMs } = known.failure ?? { message: record?.error, atMs: msOf(record?.failed_at) };
  const isOver = fetchedAtMs !== undefined && atMs !== undefined && fetchedAtMs > atMs;
  return {
    fetchedAtMs: present ? fetchedAtMs : undefined,
    error: message && !isOver ? lineOf(message) : undefined,
  };
}

function msOf(text: string | null | undefined): number | undefined {
  return text ? Date.parse(text) : undefined;
}
