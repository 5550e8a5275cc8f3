import { lazily, parseJson } from '@linux-patch/contract';
import { z } from 'zod';
import type { ManagerAnswer } from './client.ts';
import { ManagerFailure } from './failure.ts';
import { findHttpDateMs } from './http-date.ts';

/** Text from outside, shortened and without control characters. */
export function printable(text: string | undefined): string {
  const clean = (text ?? '').replaceAll(/[^\x20-\x7e]+/g, ' ').trim();
  return clean.length > 120 ? `${clean.slice(0, 120)}…` : clean;
}

function contentType(answer: ManagerAnswer): string {
  return answer.headers['content-type'] ?? '';
}

/** Whether a person was meant to read the answer: a login page, a proxy, a web server. No manager speaks so. */
export function isWebPage(answer: ManagerAnswer): boolean {
  return /^text\/html\b/i.test(contentType(answer));
}

/**
 * Milliseconds of a `Retry-After` in seconds or as a date (RFC 9110 §10.2.3); nonsense is undefined. A date is read
 * against the `Date` of the same answer, because this host's clock may be wrong; without one it means nothing.
 */
export function retryAfterMs({ headers }: Pick<ManagerAnswer, 'headers'>): number | undefined {
  const text = headers['retry-after']?.trim();
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const untilMs = findHttpDateMs(text);
  const sentMs = headers.date === undefined ? undefined : findHttpDateMs(headers.date);
  return untilMs === undefined || sentMs === undefined ? undefined : Math.max(0, untilMs - sentMs);
}

/**
 * The JSON of an answer. Messages say what came instead, but never quote it: a token or a key may be in it.
 * @throws ManagerFailure of kind `protocol`
 */
export function jsonOf(answer: ManagerAnswer, shownUrl: string): unknown {
  if (!/^application\/json\b/i.test(contentType(answer))) {
    throw new ManagerFailure(
      'protocol',
      `${shownUrl} answers ${answer.status} with ${printable(contentType(answer)) || 'no content type'} instead of JSON. ` +
        'Is this the address of a manager, or is a proxy or login page in between?',
    );
  }
  try {
    return parseJson(answer.text);
  } catch {
    throw new ManagerFailure(
      'protocol',
      `${shownUrl} answers ${answer.status} with broken JSON (${answer.text.length} characters).`,
    );
  }
}

const ErrorBody = lazily(() =>
  z.object({
    error: z
      .union([z.string(), z.object({ message: z.string().optional(), code: z.string().optional() })])
      .nullish(),
    message: z.string().optional(),
  }),
);

/** The words of an error answer of either generation, or its start when it is something else; nothing of a success. */
export function wordsOf(answer: ManagerAnswer): string {
  const bare = `HTTP ${answer.status}`;
  if (answer.status < 400) return bare;
  if (isWebPage(answer)) return `${bare} and a web page`;
  try {
    const { error, message } = ErrorBody.parse(parseJson(answer.shownText));
    const words = typeof error === 'string' ? error : (error?.message ?? message);
    return words ? printable(words) : bare;
  } catch {
    const text = printable(answer.shownText);
    return text === '' ? bare : `${bare} "${text}"`;
  }
}

/** The code of an error answer; undefined when it has none. */
export function codeOf(answer: ManagerAnswer): string | undefined {
  try {
    const { error } = ErrorBody.parse(JSON.parse(answer.text));
    return typeof error === 'string' ? error : error?.code;
  } catch {
    return undefined;
  }
}

const DenialBody = lazily(() =>
  z.union([
    z.object({ status: z.literal('denied') }),
    z.object({ error: z.union([z.string(), z.object({ code: z.string() })]) }),
  ]),
);

/** Whether an answer says that a host is denied, as a manager of either generation, or its documents, would. */
export function isDenialWord(answer: ManagerAnswer): boolean {
  try {
    const body = DenialBody.parse(parseJson(answer.text));
    if ('status' in body) return true;
    const code = typeof body.error === 'string' ? body.error : body.error.code;
    return /^(ENROLLMENT_)?DENIED$/i.test(code);
  } catch {
    return false;
  }
}
