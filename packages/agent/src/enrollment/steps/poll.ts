import { ManagerFailure } from '../../manager-link/failure.ts';
import { afterAnswer, afterCut, afterHold } from '../poll-pace.ts';
import { denialMacIsRight } from '../trust/manager-macs.ts';
import { acceptsForeignKey } from '../trust/trust.ts';
import { AT_ONCE, type NextStep, needsPerson, refusal, type Step, type StepParts } from './next-step.ts';

/** A poll that was really held open lasts at least this long. */
const SHORTEST_HOLD_MS = 1_000;

/** Asks what became of the request. */
export async function pollStep(parts: StepParts, token: string): Promise<Step> {
  const { record, counts, calls } = parts;
  const { clock, clockWatch } = parts.time;
  if (record.pending.generation === 'older' && !acceptsForeignKey(parts.trust)) return unprovenOlder(parts);
  const { verdict } = clockWatch;
  if (record.pending.generation === 'older' && verdict.state === 'bad') {
    // Its answer can be read once, and by this clock no certificate in it would be in date.
    return {
      kind: 'wait',
      reason: { kind: 'transient', failures: counts.count('clock') },
      error: `The manager is not asked for its answer, which it gives only once. ${verdict.message}`,
      state: 'retrying',
    };
  }
  const sentMs = clock.monotonicMs();
  const answer = await calls.poll(token, parts.pacing.pace.holdS).catch((error: unknown) => {
    noticeCut(parts, error, clock.monotonicMs() - sentMs);
    throw error;
  });
  const tookMs = clock.monotonicMs() - sentMs;
  counts.clear('request', 'person');
  await noticeOtherPeer(parts);
  await record.note({
    last_poll_at: new Date(clock.now()).toISOString(),
    last_error: null,
    next_attempt_at: null,
    state: 'waiting',
    ...(answer.kind === 'pending' ? { polls: record.pending.polls + 1, denial_unproven: false } : {}),
  });
  switch (answer.kind) {
    case 'pending':
      counts.clear('lost_request', 'clock', 'unproven_denial');
      return pending(parts, answer.held, tookMs);
    case 'clock_off':
      return clockOff(parts);
    case 'approved':
      return { kind: 'approved', bundle: answer.bundle };
    case 'denied':
      return refusal(parts, {
        reason: answer.reason,
        tagIsRight: await denialMacIsRight(record.pending, answer),
      });
    case 'unknown':
      return unknownToken(parts);
  }
}

/** Proxies end connections on which nothing moves; the next poll is held for less. */
function noticeCut({ record, pacing }: StepParts, error: unknown, lastedMs: number): void {
  if (record.pending.generation === 'older' || !(error instanceof ManagerFailure)) return;
  if (error.kind === 'transient') pacing.pace = afterCut(pacing.pace, lastedMs);
}

function pending({ time, counts, pacing }: StepParts, held: boolean, tookMs: number): NextStep {
  if (!held) {
    pacing.pace = afterAnswer(pacing.pace, time.clock.monotonicMs());
    return { kind: 'wait', reason: { kind: 'pending', pace: pacing.pace } };
  }
  if (tookMs >= SHORTEST_HOLD_MS) {
    counts.clear('hasty_answer');
    pacing.pace = afterHold(pacing.pace);
    return AT_ONCE;
  }
  // Said to be held, but answered at once: a manager that is stopping, or one that would be asked without pause.
  return { kind: 'wait', reason: { kind: 'transient', failures: counts.count('hasty_answer') } };
}

/** The proof was signed with another time than the manager's; from now on with the manager's. */
function clockOff({ report, counts }: StepParts): NextStep {
  const before = counts.count('clock');
  if (before > 0) return { kind: 'wait', reason: { kind: 'transient', failures: before } };
  report.logger.warn("This host's clock differs from the manager's; going on with the manager's time", {});
  return AT_ONCE;
}

/** Its answer can be read once and carries a private key, so it is not even fetched. */
async function unprovenOlder(parts: StepParts): Promise<NextStep> {
  if (parts.record.pending.adopted) {
    // An earlier agent's token: this one can ask again in a way that the host code proves.
    await parts.record.note({ adopted: false, generation: null, polling_token: null });
    return AT_ONCE;
  }
  // Somebody who took the extension out of request or answer must not have the last word.
  if (await parts.calls.publishesCa()) return askAnew(parts);
  return needsPerson(
    parts,
    'This manager is of the older generation: it makes the private key itself and cannot prove who it is by the host code. ' +
      'Remove enrollment.trust: code where it is set, set enrollment.ca_file or enrollment.ca_fingerprint (or enrollment.trust: tofu, which believes whoever answers) and start again. ' +
      'The request stays in its queue.',
  );
}

/** The manager is of this generation after all; what it answered without the extension was changed on the way. */
async function askAnew({ report, record, counts }: StepParts): Promise<NextStep> {
  report.audit('enrollment_request_lost', { key_id: record.pending.key_id });
  await record.note({ polling_token: null, request_id: null, nonce_m: null, generation: null });
  return {
    kind: 'wait',
    reason: { kind: 'security', failures: counts.count('lost_request') },
    error:
      'The manager is one that proves itself, but its answer to the request had no proof: somebody took it out on the way, or the ' +
      'manager was upgraded just now. Asking anew.',
    state: 'retrying',
  };
}

/** An older manager drops its answer with the first read, and keeps the host that it made for it. */
const FETCHED_ONCE =
  ' When it was approved and the answer was lost on the way, delete the host on the manager first; then approve the new request.';

async function unknownToken({ report, record, counts }: StepParts): Promise<NextStep> {
  report.audit('enrollment_request_lost', { key_id: record.pending.key_id });
  const older = record.pending.generation === 'older';
  await record.note({ polling_token: null, request_id: null, nonce_m: null, generation: null });
  return {
    kind: 'wait',
    reason: { kind: 'refused', failures: counts.count('lost_request') },
    error:
      'The manager does not know this request any more (it expired, was removed, somebody else fetched its answer, or the manager ' +
      `was restored); asking anew.${older ? FETCHED_ONCE : ''}`,
    state: 'retrying',
  };
}

/** With a host code another peer changes nothing that counts, but a person may want to know. */
async function noticeOtherPeer({ report, record, trust, calls }: StepParts): Promise<void> {
  const key = calls.peerKey();
  const known = record.pending.peer_spki;
  if (trust.kind !== 'code' || key === undefined || known === null || key === known) return;
  report.audit('enrollment_peer_changed', { manager: record.pending.manager_url });
  report.logger.warn('The manager shows another TLS key than when this enrolment began', {
    manager: record.pending.manager_url,
  });
  await record.note({ peer_spki: key });
}
