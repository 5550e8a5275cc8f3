import { compareText } from '@linux-patch/contract';

const ZERO = 0x30;
const NINE = 0x39;
const TILDE = 0x7e;

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** Order of a character in a non-digit part: `~` before the end, letters before everything else. Not a number: the end. */
function orderOf(code: number): number {
  if (Number.isNaN(code) || isDigit(code)) return 0;
  if (code === TILDE) return -1;
  return isLetter(code) ? code : code + 256;
}

/** Where the digits from `start` on end. */
function endOfDigits(text: string, start: number): number {
  let end = start;
  while (isDigit(text.charCodeAt(end))) end += 1;
  return end;
}

function skipZeros(text: string, start: number): number {
  let end = start;
  while (text.charCodeAt(end) === ZERO) end += 1;
  return end;
}

/** Numbers of any length, without leading zeros. */
function compareDigits(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return compareText(a, b);
}

/** Compares parts without digits and numbers in turn (deb-version(7)). */
function comparePart(a: string, b: string): number {
  let left = 0;
  let right = 0;
  while (left < a.length || right < b.length) {
    const one = a.charCodeAt(left);
    const other = b.charCodeAt(right);
    if (isText(one) || isText(other)) {
      const difference = one === other ? 0 : orderOf(one) - orderOf(other);
      if (difference !== 0) return difference;
      left += 1;
      right += 1;
      continue;
    }
    left = skipZeros(a, left);
    right = skipZeros(b, right);
    const leftEnd = endOfDigits(a, left);
    const rightEnd = endOfDigits(b, right);
    const digits = compareDigits(a.slice(left, leftEnd), b.slice(right, rightEnd));
    if (digits !== 0) return digits;
    left = leftEnd;
    right = rightEnd;
  }
  return 0;
}

function isText(code: number): boolean {
  return !Number.isNaN(code) && !isDigit(code);
}

/** The epoch and what follows it. */
function splitEpoch(version: string): readonly [epoch: number, rest: string] {
  const end = endOfDigits(version, 0);
  if (end === 0 || version[end] !== ':') return [0, version];
  return [Number(version.slice(0, end)), version.slice(end + 1)];
}

/** Order of two Debian versions; negative when `a` is older. */
export function compareDebianVersions(a: string, b: string): number {
  if (a === b) return 0;
  const one = splitEpoch(a);
  const other = splitEpoch(b);
  if (one[0] !== other[0]) return one[0] - other[0];
  const left = one[1];
  const right = other[1];
  const leftDash = left.lastIndexOf('-');
  const rightDash = right.lastIndexOf('-');
  return (
    comparePart(upTo(left, leftDash), upTo(right, rightDash)) ||
    comparePart(after(left, leftDash), after(right, rightDash))
  );
}

function upTo(text: string, end: number): string {
  return end < 0 ? text : text.slice(0, end);
}

function after(text: string, dash: number): string {
  return dash < 0 ? '' : text.slice(dash + 1);
}
