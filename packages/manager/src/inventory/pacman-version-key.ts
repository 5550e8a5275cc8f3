import { packVersion, pushNumber } from './packed-version.ts';

/** What comes at one place, in the order of pacman: letters at once before the end, a number at once after it. */
const LETTERS_AT_ONCE = 0x01;
const END = 0x02;
const NUMBER_AT_ONCE = 0x03;
/** How many characters part it from what is before counts more than what it is. */
const PARTED = 0x04;
const LETTERS = 0x00;
const NUMBER = 0x01;

/** In the place of a release that is not there. */
const NO_RELEASE = 0x00;

/**
 * Printable characters without spaces, version and release each with a letter or digit at its end: where a separator is
 * the last character, the order of pacman is none (1.1 < 1..a < 1. < 1.1).
 */
const PARTS = '(?:[!-9;-~]*[A-Za-z0-9]-)?[!-,.-9;-~]*[A-Za-z0-9]';
/** The epoch ends at a colon that follows nothing but digits (alpm_pkg_vercmp). */
const PACMAN_VERSION = new RegExp(`^(?:(\\d{1,9}):(${PARTS})|(${PARTS}))$`);
const SEGMENT = /([^A-Za-z0-9]*)([A-Za-z]+|\d+)/g;

function pushSegment(bytes: number[], gap: number, word: string): void {
  const isNumber = /^\d/.test(word);
  if (gap === 0) bytes.push(isNumber ? NUMBER_AT_ONCE : LETTERS_AT_ONCE);
  else bytes.push(PARTED, gap, isNumber ? NUMBER : LETTERS);
  if (isNumber) return pushNumber(bytes, word);
  for (const letter of word) bytes.push(letter.charCodeAt(0));
  // Below every letter, so that the shorter of two comes first.
  bytes.push(0);
}

function pushPart(bytes: number[], part: string): void {
  if (part === '') return void bytes.push(NO_RELEASE);
  for (const [, gap = '', word = ''] of part.matchAll(SEGMENT)) pushSegment(bytes, gap.length, word);
  bytes.push(END);
}

/**
 * Bytes whose order (memcmp) is the order in which pacman sorts `epoch:version-release`; the same for versions that it
 * holds for equal. A version without a release is equal to each with one for pacman; here it comes first, so that what is
 * below `2` is what has a version below 2. Undefined for a text that is no version, that pacman has no order for, or that
 * has more than 250 characters.
 */
export function pacmanVersionKey(version: string): Uint8Array | undefined {
  return packVersion(version, { pattern: PACMAN_VERSION, pushPart });
}
