import { nextDelayMs, type WaitReason } from '../manager-link/schedule.ts';

/**
 * How often a waiting request is asked about, where the manager does not hold polls open: a value that every answer
 * moves on. An older manager answers one request in twelve seconds per address and keeps an approval for ten minutes,
 * so hosts behind one address have to share, and none may wait longer than an approval lives.
 */
export interface PollPace {
  /** `enrollment.polling_interval_seconds`. */
  readonly baseMs: number;
  /** `Clock.monotonicMs` at the beginning. */
  readonly startedMs: number;
  readonly periodMs: number;
  /** Polls of the present window, and how many of them were answered with 429. */
  readonly polls: number;
  readonly throttled: number;
  /** Whether most polls of the last full window met 429: too many hosts behind this address. */
  readonly crowded: boolean;
  /** How long the manager is asked to hold a poll, seconds; 0 where something in between cuts held polls off. */
  readonly holdS: number;
}

const SECOND_MS = 1000;
/** So long somebody may be sitting at the manager, approving. */
const EAGER_MS = 30 * 60 * SECOND_MS;
const PLATEAU_MS = 240 * SECOND_MS;
/** With its jitter below the ten minutes that an older manager keeps an approval. */
const LONGEST_MS = 520 * SECOND_MS;
/** Above this a jitter of a fifth could reach ten minutes. */
const NARROW_FROM_MS = 450 * SECOND_MS;
const WINDOW_POLLS = 10;
const LONGEST_HOLD_S = 50;
/** A poll that lasted this long was held by the manager, and something else ended it. */
const SHORTEST_CUT_MS = 5 * SECOND_MS;

export function startPace(baseMs: number, monotonicMs: number): PollPace {
  return {
    baseMs,
    startedMs: monotonicMs,
    periodMs: baseMs,
    polls: 0,
    throttled: 0,
    crowded: false,
    holdS: LONGEST_HOLD_S,
  };
}

/** After an answer: half an hour on, polls become rarer by half each time until one in four minutes. */
export function afterAnswer(pace: PollPace, monotonicMs: number): PollPace {
  const next = countPoll(pace, false);
  if (monotonicMs - pace.startedMs < EAGER_MS || next.periodMs >= plateauMs(pace)) return next;
  return { ...next, periodMs: Math.min(plateauMs(pace), next.periodMs * 1.5) };
}

/** After a 429. When to ask next says its `Retry-After`. */
export function afterThrottle(pace: PollPace): PollPace {
  return countPoll(pace, true);
}

/** After a poll that was held to its end: ten of them in a row show that longer ones may pass again. */
export function afterHold(pace: PollPace): PollPace {
  const polls = pace.polls + 1;
  if (polls < WINDOW_POLLS) return { ...pace, polls };
  return { ...pace, polls: 0, throttled: 0, holdS: Math.min(LONGEST_HOLD_S, pace.holdS * 2) };
}

/** After a poll that broke off while it was being held: the next one is held for half as long as this one lasted. */
export function afterCut(pace: PollPace, lastedMs: number): PollPace {
  if (lastedMs < SHORTEST_CUT_MS || lastedMs >= pace.holdS * SECOND_MS) return pace;
  const half = Math.floor(lastedMs / SECOND_MS / 2);
  return { ...pace, holdS: half * SECOND_MS < SHORTEST_CUT_MS ? 0 : half };
}

/** @param draw uniform in [0, 1) */
export function pollDelayMs({ periodMs }: PollPace, draw: number): number {
  const jitter = periodMs > NARROW_FROM_MS ? 0.1 : 0.2;
  return periodMs * (1 - jitter + 2 * jitter * draw);
}

function plateauMs({ baseMs }: PollPace): number {
  return Math.max(PLATEAU_MS, baseMs);
}

/** A window in which most polls met 429 slows down, one in which hardly any did speeds up again. */
function countPoll(pace: PollPace, wasThrottled: boolean): PollPace {
  const polls = pace.polls + 1;
  const throttled = pace.throttled + (wasThrottled ? 1 : 0);
  if (polls < WINDOW_POLLS) return { ...pace, polls, throttled };
  // Something that cut held polls off may be gone.
  const next = { ...pace, polls: 0, throttled: 0, holdS: LONGEST_HOLD_S };
  const plateau = plateauMs(pace);
  if (throttled > WINDOW_POLLS / 2) {
    const slower = Math.max(plateau, pace.periodMs * 1.25);
    return { ...next, crowded: true, periodMs: Math.min(slower, Math.max(LONGEST_MS, pace.baseMs)) };
  }
  if (throttled >= WINDOW_POLLS / 5) return { ...next, crowded: false };
  return {
    ...next,
    crowded: false,
    periodMs: pace.periodMs > plateau ? Math.max(plateau, pace.periodMs * 0.9) : pace.periodMs,
  };
}

/** Why an enrolment waits before its next request. */
export type EnrollmentWait =
  /** The manager held the poll open; ask again at once. */
  | { readonly kind: 'held' }
  /** The request waits for a person. */
  | { readonly kind: 'pending'; readonly pace: PollPace }
  | WaitReason;

/** Spread between two held polls, so that a restarted manager is not met by everybody at once. */
const HELD_SPREAD_MS = 500;

/**
 * How long to wait before the next request, milliseconds.
 *
 * @param draw uniform in [0, 1)
 */
export function waitTimeMs(wait: EnrollmentWait, draw: number): number {
  if (wait.kind === 'held') return HELD_SPREAD_MS * draw;
  return wait.kind === 'pending' ? pollDelayMs(wait.pace, draw) : nextDelayMs(wait, draw);
}
