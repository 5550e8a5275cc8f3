import { DAY_MS } from '@linux-patch/contract';
import { CLOCK_SKEW_MS } from '@linux-patch/pki';

/** An agent writes something every few hours; a clock so far ahead of that may be wrong, or the host was off. */
const LONG_OFF_MS = 60 * DAY_MS;

/** Something that was made by others at a known time, so that a right clock shows a later one. */
export interface ClockBound {
  /** What it is, for a sentence: `this program`, `the certificate`. */
  readonly what: string;
  readonly atMs: number;
}

/** What is known about the time besides the clock itself. Instants are epoch milliseconds. */
export interface ClockEvidence {
  readonly bounds: readonly ClockBound[];
  /** When this agent last wrote a file; by this host's own clock, which may have been wrong then. */
  readonly lastWrittenMs: number | undefined;
  /** The `Date` of an answer of a manager that proved itself, and `Clock.monotonicMs` when it came. */
  readonly manager: { readonly dateMs: number; readonly monotonicMs: number } | undefined;
  /** By how much the clock was moved since anything confirmed it. */
  readonly movedMs: number | undefined;
}

/** Both clocks of this host at one instant. */
export interface ClockReading {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/**
 * `bad`: the clock contradicts the manager or what others have signed. `suspect`: it contradicts only what this host
 * itself wrote, or jumped. In both states nothing is deleted because of its age.
 */
export type ClockVerdict =
  | { readonly state: 'ok'; readonly message: 'ok' }
  | { readonly state: 'suspect' | 'bad'; readonly message: string };

const OK: ClockVerdict = { state: 'ok', message: 'ok' };

/** The time of the manager now; undefined when it never proved itself. */
export function managerTimeMs({ manager }: ClockEvidence, reading: ClockReading): number | undefined {
  return manager && manager.dateMs + (reading.monotonicMs - manager.monotonicMs);
}

/** Judges this host's clock. The manager's word, once it is proven, outweighs everything else. */
export function clockState(reading: ClockReading, evidence: ClockEvidence): ClockVerdict {
  const { wallMs } = reading;
  const shown = new Date(wallMs).toISOString();
  const there = managerTimeMs(evidence, reading);
  if (there !== undefined) {
    const offsetMs = wallMs - there;
    if (Math.abs(offsetMs) <= CLOCK_SKEW_MS) return OK;
    return bad(
      `This host's clock is ${span(offsetMs)} ${offsetMs > 0 ? 'ahead of' : 'behind'} the manager's: it shows ${shown}, the manager ${new Date(there).toISOString()}.`,
    );
  }
  const bound = evidence.bounds.reduce<ClockBound | undefined>(
    (latest, one) => (latest === undefined || one.atMs > latest.atMs ? one : latest),
    undefined,
  );
  if (bound && wallMs < bound.atMs - CLOCK_SKEW_MS) {
    return bad(
      `This host's clock shows ${shown}, but ${bound.what} is from ${new Date(bound.atMs).toISOString()}: it is at least ${span(bound.atMs - wallMs)} behind.`,
    );
  }
  return suspicionOf(reading, evidence) ?? OK;
}

function suspicionOf({ wallMs }: ClockReading, evidence: ClockEvidence): ClockVerdict | undefined {
  const { lastWrittenMs, movedMs } = evidence;
  if (movedMs !== undefined) {
    return suspect(
      `This host's clock was set ${movedMs > 0 ? 'forward' : 'back'} by ${span(movedMs)} (or the host slept), and nothing confirms it yet.`,
    );
  }
  if (lastWrittenMs === undefined) return undefined;
  const aheadMs = wallMs - lastWrittenMs;
  const shown = new Date(wallMs).toISOString();
  if (aheadMs < -CLOCK_SKEW_MS)
    return suspect(`This host's clock shows ${shown}, ${span(aheadMs)} before files that this agent wrote.`);
  if (aheadMs <= LONG_OFF_MS) return undefined;
  return suspect(
    `This host's clock shows ${shown}, ${span(aheadMs)} after the last file that this agent wrote. It is wrong, or the host was switched off.`,
  );
}

const MEND =
  "Set it right: 'timedatectl set-ntp true', then 'timedatectl' shows it. The agent goes on by itself.";

function bad(message: string): ClockVerdict {
  return { state: 'bad', message: `${message} ${MEND}` };
}

function suspect(message: string): ClockVerdict {
  return { state: 'suspect', message: `${message} ${MEND}` };
}

/** A duration, whatever its sign, in the two largest units that say something. */
export function span(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor((minutes % 1_440) / 60)];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}
