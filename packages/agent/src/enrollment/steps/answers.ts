import { Bundle, EnrollAccepted, EnrollStatus, lazily } from '@linux-patch/contract';
import { z } from 'zod';
import {
  isDenialWord,
  isWebPage,
  jsonOf,
  printable,
  retryAfterMs,
  wordsOf,
} from '../../manager-link/answer-body.ts';
import type { ManagerAnswer } from '../../manager-link/client.ts';
import { ManagerFailure } from '../../manager-link/failure.ts';
import { isOlderConflict, readOlderStatus } from '../older/answers.ts';

/** What a manager said to a registration. */
export type RegistrationAnswer =
  | { readonly kind: 'accepted'; readonly accepted: EnrollAccepted }
  /** The host or a request for it is known already. */
  | { readonly kind: 'conflict'; readonly message: string }
  /** The request is not understood; an older manager may stumble over the extension. */
  | { readonly kind: 'not_understood'; readonly message: string }
  | { readonly kind: 'denied'; readonly reason: string | undefined };

/** What a manager said to a poll. */
export type PollAnswer =
  | { readonly kind: 'pending'; readonly held: boolean }
  | { readonly kind: 'approved'; readonly bundle: Bundle }
  | {
      readonly kind: 'denied';
      readonly reason: string | undefined;
      /** The MAC of a manager that knows the host code, and the reason as it covers it. */
      readonly tag?: string | undefined;
      readonly signedReason?: string | undefined;
    }
  | { readonly kind: 'unknown' }
  /** The manager's clock differs; its own Unix time, to sign the next proof with. */
  | { readonly kind: 'clock_off'; readonly serverTimeS: number };

/** What every endpoint has in common: troubles that waiting mends, and pages of somebody else's web server. */
function refuseTroubles(answer: ManagerAnswer, shownUrl: string): void {
  const retry = { retryAfterMs: retryAfterMs(answer) };
  if (answer.status === 429) {
    throw new ManagerFailure('throttled', `${shownUrl} asks this host to slow down (429).`, retry);
  }
  if ([408, 425].includes(answer.status) || answer.status >= 500) {
    throw new ManagerFailure('transient', `${shownUrl} has trouble: ${wordsOf(answer)}.`, retry);
  }
  // A proxy that says 403 or 404 has not decided about this host.
  if (isWebPage(answer)) {
    throw new ManagerFailure(
      'protocol',
      `${shownUrl} answers ${wordsOf(answer)}. Is this the address of a manager, or is a proxy or login page in between?`,
    );
  }
}

/** A 403 is a decision only in the words of a manager: proxies, firewalls and gateways say 403 as well. */
function readForbidden(
  answer: ManagerAnswer,
  shownUrl: string,
): { readonly kind: 'denied'; readonly reason: string } {
  if (isDenialWord(answer)) return { kind: 'denied', reason: wordsOf(answer) };
  throw new ManagerFailure(
    'protocol',
    `${shownUrl} answers ${wordsOf(answer)} (403) in words that no manager uses; a proxy, firewall or gateway in between ` +
      'may be refusing this request. Nothing was decided about this host.',
  );
}

/**
 * Reads the answer to `POST /enroll`.
 * @throws ManagerFailure for everything that is not a decision.
 */
export function readRegistration(answer: ManagerAnswer, shownUrl: string): RegistrationAnswer {
  if (isOlderConflict(answer)) return { kind: 'conflict', message: wordsOf(answer) };
  refuseTroubles(answer, shownUrl);
  if (answer.status === 409) return { kind: 'conflict', message: wordsOf(answer) };
  if (answer.status === 403) return readForbidden(answer, shownUrl);
  if ([400, 415, 422].includes(answer.status)) return { kind: 'not_understood', message: wordsOf(answer) };
  if (answer.status !== 200 && answer.status !== 201 && answer.status !== 202) {
    throw new ManagerFailure(
      'protocol',
      `${shownUrl} answers ${wordsOf(answer)}; a manager answers 202. Check enrollment.manager_url.`,
    );
  }
  const accepted = EnrollAccepted.safeParse(jsonOf(answer, shownUrl));
  if (accepted.success) return { kind: 'accepted', accepted: accepted.data };
  throw new ManagerFailure('protocol', `${shownUrl} accepted the request but sent no usable polling token.`);
}

/** Unix seconds, small enough for every proof. */
const ClockBody = lazily(() => z.object({ server_time: z.int().nonnegative().max(99_999_999_999) }));

/** Reads every shape in which some generation, or its documents, says what became of a request. */
export function readPoll(answer: ManagerAnswer, shownUrl: string): PollAnswer {
  refuseTroubles(answer, shownUrl);
  if (answer.status === 404 || answer.status === 410) return { kind: 'unknown' };
  if (answer.status === 403) return readForbidden(answer, shownUrl);
  if (answer.status === 401) return readClock(answer, shownUrl);
  const held = answer.headers['preference-applied'] !== undefined;
  if (answer.status === 202 && answer.text.trim() === '') return { kind: 'pending', held };
  if (answer.status !== 200 && answer.status !== 202) {
    throw new ManagerFailure(
      'protocol',
      `${shownUrl} answers ${wordsOf(answer)}, which is no answer to a poll.`,
    );
  }
  return readStatus(jsonOf(answer, shownUrl), held, shownUrl);
}

function readClock(answer: ManagerAnswer, shownUrl: string): PollAnswer {
  const body = ClockBody.safeParse(jsonOf(answer, shownUrl));
  if (body.success) return { kind: 'clock_off', serverTimeS: body.data.server_time };
  // The manager does not know this key for this token: as good as no token.
  return { kind: 'unknown' };
}

function readStatus(json: unknown, held: boolean, shownUrl: string): PollAnswer {
  const older = readOlderStatus(json);
  if (older) return older;
  const status = EnrollStatus.safeParse(json);
  if (!status.success) {
    throw new ManagerFailure('protocol', `${shownUrl} sends JSON that is no answer to a poll.`);
  }
  switch (status.data.status) {
    case 'pending':
      return { kind: 'pending', held };
    case 'approved':
      return { kind: 'approved', bundle: Bundle.parse(status.data) };
    case 'denied': {
      const { reason, tag_m } = status.data;
      const shown = reason === undefined ? undefined : printable(reason);
      return { kind: 'denied', reason: shown, tag: tag_m, signedReason: reason };
    }
    case 'notfound':
      return { kind: 'unknown' };
  }
}
