import { RELEASED_AT_MS } from '@linux-patch/contract';
import { type IdentityStatus, parseCertificates } from '@linux-patch/pki';
import type { AgentContext } from '../app/agent-context.ts';
import { identityStatus } from '../app/identity-place.ts';
import { readMaterial } from '../identity/store/material.ts';
import { nextDelayMs } from '../manager-link/schedule.ts';
import { askTheTime, COMPARE_INTERVAL_MS } from './service.ts';

type Answer = Awaited<ReturnType<typeof askTheTime>>;

/** Clocks of issuer and host may differ by this much. */
const TOLERANCE_MS = 5 * 60_000;

function isAboutDates({ status }: IdentityStatus): boolean {
  return status === 'expired' || status === 'not_yet_valid';
}

/** Whether the certificate would do at this time. */
async function isInDate(context: AgentContext, atMs: number): Promise<boolean> {
  const material = await readMaterial(context.files, context.certificates).catch(() => undefined);
  const [leaf] = material ? parseCertificates(material.certificatePem) : [];
  return leaf !== undefined && atMs >= leaf.notBeforeMs - TOLERANCE_MS && atMs <= leaf.notAfterMs;
}

/**
 * An identity whose dates are wrong only because this host's clock is wrong is not enrolled over: it is waited for until
 * the clock is right. Returns the status to go on with; every other fault passes at once.
 *
 * What the manager says about the time decides, when the installed CA proves it. While it cannot be reached there is
 * nobody to enrol with either. When another CA answers, the clock is believed unless this program itself is newer.
 */
export async function waitForClock(context: AgentContext, first: IdentityStatus): Promise<IdentityStatus> {
  const { clock, random, signal, config } = context;
  const managerUrl = config.enrollment.manager_url;
  let status = first;
  let askAtMs = clock.monotonicMs();
  let failures = 0;
  let said: string | undefined;
  let answer: Answer = 'unproven';
  while (isAboutDates(status) && !signal.aborted) {
    if (managerUrl !== undefined && clock.monotonicMs() >= askAtMs) {
      said = await sayWaiting(context, { status, answer }, said);
      answer = await askTheTime(context, managerUrl, signal);
      failures = answer === 'unreachable' ? failures + 1 : 0;
      askAtMs =
        clock.monotonicMs() + nextDelayMs({ kind: 'transient', failures: failures + 4 }, random.fraction());
    }
    if (!(await mustWait(context, answer))) {
      // The clock may have been put right since the certificates were looked at.
      status = await identityStatus(context);
      if (!(await mustWait(context, answer))) return status;
    }
    said = await sayWaiting(context, { status, answer }, said);
    if (await pause(context)) askAtMs = clock.monotonicMs();
    status = await identityStatus(context);
  }
  return status;
}

/** A while, or until the clock is moved; whether it was. */
async function pause({ clock, clockWatch, signal }: AgentContext): Promise<boolean> {
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

async function mustWait(context: AgentContext, answer: Answer): Promise<boolean> {
  const { clockWatch, clock } = context;
  if (answer === 'unreachable') return true;
  const there = clockWatch.managerNowMs;
  if (there !== undefined) return clockWatch.verdict.state === 'bad' && isInDate(context, there);
  return clock.now() < RELEASED_AT_MS - TOLERANCE_MS;
}

/** For the log and `systemctl status`, once for each kind of trouble; returns the kind. */
async function sayWaiting(
  context: AgentContext,
  now: { readonly status: IdentityStatus; readonly answer: Answer },
  before: string | undefined,
): Promise<string> {
  const { status, answer } = now;
  const { clockWatch, logger, notifier, config } = context;
  const { state, message } = clockWatch.verdict;
  const why =
    state === 'ok'
      ? `Perhaps only this host's clock says so: ${config.enrollment.manager_url} is asked what time it is${answer === 'unreachable' ? ', and does not answer' : ''}.`
      : message;
  const words = `The certificates count as ${status.status.replaceAll('_', ' ')}. ${why} They stay as they are, and nothing is asked for meanwhile.`;
  const kind = `${status.status} ${state} ${answer}`;
  if (kind === before) return kind;
  logger.warn(words, { clock: state });
  await notifier.ready(words);
  return kind;
}
