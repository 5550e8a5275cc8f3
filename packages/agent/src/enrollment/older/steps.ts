import { type Asking, AT_ONCE, type NextStep, needsPerson, type StepParts } from '../steps/next-step.ts';
import { acceptsForeignKey } from '../trust/trust.ts';

/** An older manager drops its answer with the first read, and keeps the host that it made for it. */
export const FETCHED_ONCE =
  ' When it was approved and the answer was lost on the way, delete the host on the manager first; then approve the new request.';

/**
 * What is done instead of fetching the answer of an older manager, which comes once and carries a private key; undefined
 * where it may be fetched.
 */
export async function insteadOfOlderPoll(parts: StepParts): Promise<NextStep | undefined> {
  if (!acceptsForeignKey(parts.trust)) return unproven(parts);
  const { verdict } = parts.time.clockWatch;
  if (verdict.state !== 'bad') return undefined;
  // By this clock no certificate in it would be in date.
  return {
    kind: 'wait',
    reason: { kind: 'transient', failures: parts.counts.count('clock') },
    error: `The manager is not asked for its answer, which it gives only once. ${verdict.message}`,
    state: 'retrying',
  };
}

/** Its answer can be read once and carries a private key, so it is not even fetched. */
async function unproven(parts: StepParts): Promise<NextStep> {
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
  report.audit.record('enrollment_request_lost', { key_id: record.pending.key_id });
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

/**
 * A manager that does not understand a request may be an older one that stumbles over the extension. It is left out once,
 * where the answer would be worth something; undefined means that there is no other way to ask.
 */
export function askWithoutExtension(
  { trust, record, report }: StepParts,
  asking: Asking,
  answer: string,
): NextStep | undefined {
  const mayAskOlder = acceptsForeignKey(trust) && !record.pending.extension_seen;
  if (!asking.withExtension || !mayAskOlder) return undefined;
  asking.withExtension = false;
  report.logger.warn('The manager does not understand the request; asking in the older way', { answer });
  return { kind: 'wait', reason: { kind: 'transient', failures: 0 } };
}
