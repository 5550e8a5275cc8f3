import { packVersion, pushNumber } from './packed-version.ts';

/** What comes at one place, in the order of rpm: `~` before the end, `^` after it, letters after that, numbers last. */
const TILDE = 0x01;
const END = 0x02;
const CARET = 0x03;
const LETTERS = 0x04;
const NUMBER = 0x05;

/** Printable characters without spaces. The epoch ends at a colon that follows nothing but digits (rpm-version(7)). */
const RPM_VERSION = /^(?:(\d{1,9}):([!-9;-~]+)|([!-9;-~]+))$/;
/** Everything else only parts what is around it. */
const TOKEN = /~|\^|[A-Za-z]+|\d+/g;

function pushToken(bytes: number[], token: string): void {
  if (token === '~') bytes.push(TILDE);
  else if (token === '^') bytes.push(CARET);
  else if (/^\d/.test(token)) {
    bytes.push(NUMBER);
    pushNumber(bytes, token);
  } else {
    bytes.push(LETTERS);
    for (const letter of token) bytes.push(letter.charCodeAt(0));
    // Below every letter, so that the shorter of two comes first.
    bytes.push(0);
  }
}

function pushPart(bytes: number[], part: string): void {
  for (const token of part.match(TOKEN) ?? []) pushToken(bytes, token);
  bytes.push(END);
}

/**
 * Bytes whose order (memcmp) is the order in which rpm sorts `epoch:version-release`; the same for versions that rpm holds
 * for equal. Undefined for a text that is no version to rpm, and for one of more than 250 characters.
 */
export function rpmVersionKey(version: string): Uint8Array | undefined {
  return packVersion(version, { pattern: RPM_VERSION, pushPart });
}
