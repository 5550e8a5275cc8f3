import { RELEASED_AT_MS } from '@linux-patch/contract';
import { CLOCK_SKEW_MS, type IdentityStatus } from '@linux-patch/pki';
import type { Clock, Logger, Random, ServiceNotifier } from '@linux-patch/runtime';
import { findIdentity, type IdentityPlace, identityStatus } from '../identity/store/read.ts';
import { nextDelayMs } from '../manager-link/schedule.ts';
import type { AskTime, TimeAnswer } from './ask-time.ts';
import { COMPARE_INTERVAL_MS } from './service.ts';
import type { ClockWatch } from './watch.ts';

/** What waiting for the clock needs to know. */
export interface ClockGate {
  readonly place: IdentityPlace;
  readonly time: {
    readonly clock: Clock;
    readonly random: Random;
    readonly clockWatch: ClockWatch;
    readonly signal: AbortSignal;
  };
  /** Who can be asked; undefined where no manager is set. */
  readonly manager: { readonly url: string; readonly askTime: AskTime } | undefined;
  readonly logger: Logger;
  readonly notifier: Pick<ServiceNotifier, 'ready'>;
}

function isAboutDates({ status }: IdentityStatus): boolean {
  return status === 'expired' || status === 'not_yet_valid';
}

/** Whether the certificate would do at this time. */
async function isInDate({ place }: ClockGate, atMs: number): Promise<boolean> {
  const facts = (await findIdentity(place).catch(() => undefined))?.facts;
  return facts !== undefined && atMs >= facts.notBeforeMs - CLOCK_SKEW_MS && atMs <= facts.notAfterMs;
}

/**
 * An identity whose dates are wrong only because this host's clock is wrong is not enrolled over: it is waited for until
 * the clock is right. Returns the status to go on with; every other fault passes at once.
 *
 * What the manager says about the time decides, when the installed CA proves it. While it cannot be reached there is
 * nobody to enrol with either. When another CA answers, the clock is believed unless this program itself is newer.
 */
export async function waitForClock(gate: ClockGate, first: IdentityStatus): Promise<IdentityStatus> {
  const { manager, place } = gate;
  const { clock, random, signal } = gate.time;
  let status = first;
  let askAtMs = clock.monotonicMs();
  let failures = 0;
  let said: string | undefined;
  let answer: TimeAnswer = 'unproven';
  while (isAboutDates(status) && !signal.aborted) {
    if (manager && clock.monotonicMs() >= askAtMs) {
      said = await sayWaiting(gate, { status, answer }, said);
      answer = await manager.askTime(signal);
      failures = answer === 'unreachable' ? failures + 1 : 0;
      askAtMs =
        clock.monotonicMs() + nextDelayMs({ kind: 'transient', failures: failures + 4 }, random.fraction());
    }
    if (!(await mustWait(gate, answer))) {
      // The clock may have been put right since the certificates were looked at.
      status = await identityStatus(place);
      if (!(await mustWait(gate, answer))) return status;
    }
    said = await sayWaiting(gate, { status, answer }, said);
    if (await pause(gate.time)) askAtMs = clock.monotonicMs();
    status = await identityStatus(place);
  }
  return status;
}

/** A while, or until the clock is moved; whether it was. */
async function pause({ clock, clockWatch, signal }: ClockGate['time']): Promise<boolean> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const sleeping = clock.sleep(COMPARE_INTERVAL_MS, either).then(
    () => false,
    () => false,
  );
  const moved = clockWatch.moved(either).then(() => !signal.aborted);
  const wasMoved = await Promise.race([sleeping, moved]);
  over.abort();
  return wasMoved;
}

async function mustWait(gate: ClockGate, answer: TimeAnswer): Promise<boolean> {
  const { clockWatch, clock } = gate.time;
  if (answer === 'unreachable') return true;
  const there = clockWatch.managerNowMs;
  if (there !== undefined) return clockWatch.verdict.state === 'bad' && isInDate(gate, there);
  return clock.now() < RELEASED_AT_MS - CLOCK_SKEW_MS;
}

/** For the log and `systemctl status`, once for each kind of trouble; returns the kind. */
async function sayWaiting(
  { time, logger, notifier, manager }: ClockGate,
  now: { readonly status: IdentityStatus; readonly answer: TimeAnswer },
  before: string | undefined,
): Promise<string> {
  const { status, answer } = now;
  const { state, message } = time.clockWatch.verdict;
  const why =
    state === 'ok'
      ? `Perhaps only this host's clock says so: ${manager?.url} is asked what time it is${answer === 'unreachable' ? ', and does not answer' : ''}.`
      : message;
  const words = `The certificates count as ${status.status.replaceAll('_', ' ')}. ${why} They stay as they are, and nothing is asked for meanwhile.`;
  const kind = `${status.status} ${state} ${answer}`;
  if (kind === before) return kind;
  logger.warn(words, { clock: state });
  await notifier.ready(words);
  return kind;
}
