import { Envelope } from '../../envelope.ts';
import { ERRORS, type ErrorCode } from '../../errors.ts';
import type { Route } from '../../route.ts';
import type { RawAnswer } from './ask.ts';

/** What an answer may be. */
export interface Allowed {
  /** Codes of 5xx that say truly what is away, each with what is away. */
  readonly away: Readonly<Partial<Record<ErrorCode, string>>>;
  /** Texts that no answer has, such as the folder in which the program keeps its files. */
  readonly hidden: readonly string[];
}

/** What only a program says of itself: a line of a stack, a place of its sources, words of its database. */
const INNER = [
  /\bat [^"\n]{0,120}\(?(?:file:|node:|\/)[^"\n]*:\d+:\d+/,
  /node:internal|node_modules|file:\/\/\//,
  /\/packages\/\w+\/(?:src|test)\//,
  /SQLITE_|\b(?:UNIQUE|CHECK|FOREIGN KEY|NOT NULL) constraint\b|\b(?:select|insert|update|delete)\b[^"\n]*\b(?:from|into|set)\b[^"\n]*\bwhere\b/i,
  /Cannot read propert|is not a function|is not iterable|\[object Object\]/,
];

/** What a failure at the door of HTTP itself is: the server of Node has a status of its own for it. */
const AT_THE_DOOR: readonly number[] = [408, 417, 431];

/**
 * The code that a program answered with; undefined is success.
 * @throws Error that says how the answer breaks the contract
 */
export function judge(route: Route, answer: RawAnswer, allowed: Allowed): ErrorCode | undefined {
  const { status, text } = answer;
  const inner = INNER.find((one) => one.test(text));
  const told = allowed.hidden.find((one) => text.includes(one));
  if (inner || told !== undefined)
    throw new Error(`${status} tells of the inside (${inner ?? told}): ${text}`);
  if (status < 400) {
    requireFit(route, answer);
    return undefined;
  }
  const code = codeOf(answer);
  if (ERRORS[code].status !== status && !AT_THE_DOOR.includes(status))
    throw new Error(`${code} has the status ${ERRORS[code].status}, not ${status}`);
  if (status >= 500 && allowed.away[code] === undefined) throw new Error(`answered ${status}: ${text}`);
  return code;
}

function codeOf({ status, text }: RawAnswer): ErrorCode {
  const { success, data, error } = Envelope.unwrap().strict().parse(JSON.parse(text));
  if (success || data !== null || !error) throw new Error(`${status} is no failure: ${text}`);
  if (!Object.hasOwn(ERRORS, error.code)) throw new Error(`nobody knows the code ${error.code}`);
  return error.code as ErrorCode;
}

/** An answer of success is what the route says that it answers. */
function requireFit(route: Route, { status, type, text }: RawAnswer): void {
  if (status === 204 || status === 304 || route.mediaType !== undefined || !type.includes('json')) return;
  const whole: unknown = JSON.parse(text);
  const data = route.bare ? whole : Envelope.parse(whole).data;
  const fit = route.response.safeParse(data);
  if (!fit.success)
    throw new Error(`${route.id} answered what its schema refuses: ${fit.error.message}\n${text}`);
}
