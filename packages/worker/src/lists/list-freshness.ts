import { type CACHE_STATUSES, DAY_MS, HOUR_MS } from '@linux-patch/contract';
import type { SourceState } from '../package-interface/package-inventory.ts';

type CacheStatus = (typeof CACHE_STATUSES)[number];

/** Lists that were not checked for longer are stale. */
const STALE_AFTER_MS = 4 * HOUR_MS;
/**
 * A security archive signs anew at least every week (Debian) or with every update, many a week (Ubuntu). One that did not
 * for a month is a mirror that stands still, or belongs to a release that gets no updates any more.
 */
const STANDS_STILL_AFTER_MS = 30 * DAY_MS;

/** What is known of the lists. Instants are epoch milliseconds. */
export interface ListFacts {
  /** Last check with success. */
  readonly checkedAtMs: number | undefined;
  readonly succeeded: boolean;
  /** What went wrong at the last check; also where only some sources failed. */
  readonly failure: string | undefined;
  /** Undefined while nobody looked. */
  readonly sources: readonly SourceState[] | undefined;
}

/** What there is to say about the lists; `message` is `ok` or what is wrong. */
export interface ListVerdict {
  readonly status: CacheStatus;
  readonly message: string;
}

/** Judges lists by when they were checked and by how old what the sources offer is: a check of a dead mirror succeeds as well. */
export function judgeLists(facts: ListFacts, nowMs: number): ListVerdict {
  const { checkedAtMs, failure, sources } = facts;
  if (!facts.succeeded) {
    return failure === undefined
      ? { status: 'unknown', message: 'ok' }
      : { status: 'failed', message: `the last refresh failed: ${failure}` };
  }
  if (sources && !sources.some((one) => one.present))
    return {
      status: 'unknown',
      message: 'this host has no package lists, so nothing is known of its updates',
    };
  const ageMs = checkedAtMs === undefined ? Infinity : nowMs - checkedAtMs;
  // A check in the future was written down by a clock that was wrong; when it was, nobody knows.
  const recent = ageMs > -HOUR_MS && ageMs <= STALE_AFTER_MS;
  // A mirror is to blame only when it was asked lately: a host that was switched off for long has old lists, too.
  const old = recent ? outdated(sources ?? [], nowMs) : unchecked(ageMs);
  const message = [failure, old].filter((one) => one !== undefined).join('; ');
  return {
    status: recent && old === undefined ? 'fresh' : 'stale',
    message: message === '' ? 'ok' : message,
  };
}

function unchecked(ageMs: number): string | undefined {
  if (ageMs < DAY_MS || ageMs === Infinity) return undefined;
  const hours = Math.floor(ageMs / HOUR_MS);
  return `the package lists were last checked ${hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`} ago`;
}

function outdated(sources: readonly SourceState[], nowMs: number): string | undefined {
  const present = sources.filter((one) => one.present);
  const over = present.find((one) => one.validUntilMs !== undefined && one.validUntilMs < nowMs);
  if (over)
    return `what this host has of ${over.uri} counted until ${dateOf(over.validUntilMs)} only; its mirror is not updated`;
  const security = present.filter((one) => one.security);
  const [one, ...others] = security.length > 0 ? security : present;
  if (!one) return undefined;
  const newest = [one, ...others].reduce((a, b) => ((madeAt(b) ?? 0) > (madeAt(a) ?? 0) ? b : a));
  const madeMs = madeAt(newest);
  if (madeMs === undefined || nowMs - madeMs <= STANDS_STILL_AFTER_MS) return undefined;
  const days = Math.floor((nowMs - madeMs) / DAY_MS);
  const what = security.length > 0 ? 'security updates' : 'updates';
  return (
    `the newest list of ${what} is ${days} days old (${newest.uri}, ${dateOf(madeMs)}): ` +
    'the mirror stands still, or this release gets none any more'
  );
}

/** What a server says without a signature is good enough to call something old. */
function madeAt({ publishedAtMs, servedAtMs }: SourceState): number | undefined {
  return publishedAtMs ?? servedAtMs;
}

function dateOf(ms: number | undefined): string {
  return ms === undefined ? '-' : new Date(ms).toISOString().slice(0, 10);
}
