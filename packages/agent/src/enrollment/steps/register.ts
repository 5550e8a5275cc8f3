import type { EnrollAccepted } from '@linux-patch/contract';
import { askWithoutExtension } from '../older/steps.ts';
import { verdictWords } from '../trust/join-verdict.ts';
import { type Asking, AT_ONCE, type NextStep, needsPerson, refusal, type StepParts } from './next-step.ts';

/** Asks to join. */
export async function registerStep(parts: StepParts, asking: Asking): Promise<NextStep> {
  const { record, calls } = parts;
  // At boot the network comes up step by step, and name and address become known.
  if (asking.again) await record.lookAtHostAgain();
  asking.again = true;
  await record.note({ state: 'registering' });
  const answer = await calls.register({ withExtension: asking.withExtension });
  parts.counts.clear('request');
  switch (answer.kind) {
    case 'accepted':
      return accepted(parts, answer.accepted);
    case 'conflict':
      return conflict(parts, answer.message);
    case 'denied':
      return refusal(parts, { reason: answer.reason, tagIsRight: false });
    case 'not_understood':
      break;
  }
  return (
    askWithoutExtension(parts, asking, answer.message) ?? {
      kind: 'wait',
      reason: { kind: 'refused', failures: parts.counts.count('conflict') },
      error: `The manager refuses the request: ${answer.message}.`,
      state: 'retrying',
    }
  );
}

async function accepted(parts: StepParts, answer: EnrollAccepted): Promise<NextStep> {
  const { record, calls, trust, report } = parts;
  const { ext } = answer;
  if (!ext && record.pending.extension_seen) {
    return needsPerson(
      parts,
      `The manager at ${record.pending.manager_url} spoke the extension that proves it before, and now does not. Somebody may ` +
        'be in between; the answer was not used. If the manager was really replaced by an older one, remove ' +
        `${record.stateFile} and start the agent again.`,
    );
  }
  parts.counts.clear('conflict', 'person');
  await record.note({
    state: 'waiting',
    generation: ext ? 'current' : 'older',
    extension_seen: ext !== undefined,
    adopted: false,
    denial_unproven: false,
    peer_spki: trust.peer.kind === 'unverified' ? (calls.peerKey() ?? null) : null,
    polling_token: answer.polling_token,
    request_id: ext?.request_id ?? null,
    nonce_m: ext?.nonce_m ?? null,
    last_error: null,
    next_attempt_at: null,
    join_token: record.pending.join_token && {
      ...record.pending.join_token,
      verdict: ext?.token ?? 'ignored',
    },
  });
  const facts = { key_id: record.pending.key_id, manager: record.pending.manager_url };
  report.audit.record('enrollment_requested', facts);
  sayVerdict(parts);
  report.logger.info(
    record.pending.join_token?.verdict === 'accepted'
      ? 'The manager has the request'
      : 'The manager has the request; waiting for approval',
    { ...facts, generation: record.pending.generation },
  );
  // An older manager holds no poll and counts each; nobody can have approved yet.
  return ext ? AT_ONCE : { kind: 'wait', reason: { kind: 'pending', pace: parts.pacing.pace } };
}

function sayVerdict({ report, record }: StepParts): void {
  const { join_token: token, manager_url: manager } = record.pending;
  if (token === null || token.verdict === null) return;
  const { id, verdict } = token;
  report.audit.record('enrollment_join_token', { token: id, verdict, manager });
  if (verdict === 'accepted') {
    report.logger.info('The join token let this host in', { token: id, manager });
    return;
  }
  report.logger.warn(
    `The join token ${id} does not let this host in: ${verdictWords(verdict)}. An administrator of the manager has to approve it, ` +
      'with the code that "linux-patch-api status" shows; or put a new join string into the file and restart the agent.',
    { token: id, verdict, manager },
  );
}

function conflict({ report, record, counts }: StepParts, message: string): NextStep {
  const failures = counts.count('conflict');
  const { key_id, manager_url: manager } = record.pending;
  if (failures === 0) report.audit.record('enrollment_conflict', { key_id, manager, reason: message });
  return {
    kind: 'wait',
    reason: { kind: 'refused', failures },
    error:
      `The manager already knows this host or has a request from it (${message}). On the manager, look at the host and at the ` +
      'waiting requests of this machine and remove what is out of date (an older manager forgets a request after 25 hours by itself); the agent keeps asking.',
    state: 'retrying',
  };
}
