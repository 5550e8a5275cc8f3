import { packVersion, pushNumber } from './packed-version.ts';

/** `~` sorts before the end, letters before everything else (deb-version(7)). */
const TILDE = 0x01;
const END = 0x02;
/** Above every letter. */
const SIGN = 0x80;

/** Printable characters without spaces; colons only after an epoch, of a size that dpkg takes. */
const DPKG_VERSION = /^(?:(\d{1,9}):([!-~]+)|([!-9;-~]+))$/;
const TEXT_AND_NUMBER = /([^\d]*)(\d*)/y;

/** The byte of a character of a part without digits, such that bytes sort as dpkg sorts characters. */
function orderByte(character: string): number {
  const code = character.charCodeAt(0);
  if (character === '~') return TILDE;
  return /[A-Za-z]/.test(character) ? code : SIGN + code;
}

/**
 * Parts without digits and numbers in turn; the end of the text sorts as the end of a part without digits does, so that `1~`
 * comes before `1`, and that before `1a`.
 */
function pushPart(bytes: number[], part: string): void {
  TEXT_AND_NUMBER.lastIndex = 0;
  do {
    const [, text = '', digits = ''] = TEXT_AND_NUMBER.exec(part) ?? [];
    for (const character of text) bytes.push(orderByte(character));
    bytes.push(END);
    pushNumber(bytes, digits);
  } while (TEXT_AND_NUMBER.lastIndex < part.length);
  bytes.push(END);
}

/**
 * Bytes whose order (memcmp) is the order in which dpkg sorts versions; the same for versions that dpkg holds for equal.
 * Undefined for a text that is no version to dpkg, and for one of more than 250 characters.
 */
export function dpkgVersionKey(version: string): Uint8Array | undefined {
  return packVersion(version, { pattern: DPKG_VERSION, pushPart });
}
