import { ManagerFailure } from '../../manager-link/failure.ts';
import { FETCHED_ONCE, insteadOfOlderPoll } from '../older/steps.ts';
import { afterAnswer, afterCut, afterHold } from '../poll-pace.ts';
import { denialMacIsRight } from '../trust/manager-macs.ts';
import { AT_ONCE, type NextStep, refusal, type Step, type StepParts } from './next-step.ts';

/** A poll that was really held open lasts at least this long. */
const SHORTEST_HOLD_MS = 1_000;

/** Asks what became of the request. */
export async function pollStep(parts: StepParts, token: string): Promise<Step> {
  const { record, counts, calls } = parts;
  const { clock } = parts.time;
  if (record.pending.generation === 'older') {
    const instead = await insteadOfOlderPoll(parts);
    if (instead) return instead;
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
        tagIsRight: await denialMacIsRight(record, answer),
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

async function unknownToken({ report, record, counts }: StepParts): Promise<NextStep> {
  report.audit.record('enrollment_request_lost', { key_id: record.pending.key_id });
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
  report.audit.record('enrollment_peer_changed', { manager: record.pending.manager_url });
  report.logger.warn('The manager shows another TLS key than when this enrolment began', {
    manager: record.pending.manager_url,
  });
  await record.note({ peer_spki: key });
}
