/** Crockford's alphabet: no I, L, O or U, so that a person can read a code aloud. https://www.crockford.com/base32.html */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Bytes as Crockford base32, 16 symbols in four groups of four. Takes exactly ten bytes (80 bits). */
export function groupedBase32(bytes: Uint8Array): string {
  if (bytes.length !== 10) throw new RangeError(`a grouped code is made of 10 bytes, not ${bytes.length}`);
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  let symbols = '';
  for (let shift = 75n; shift >= 0n; shift -= 5n) symbols += ALPHABET.charAt(Number((bits >> shift) & 31n));
  return group(symbols);
}

/** What a person typed, in the one canonical form, or undefined when it cannot be 16 Crockford symbols. */
export function normalizeGroupedBase32(text: string): string | undefined {
  const symbols = text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll(/[IL]/g, '1').replaceAll('O', '0');
  const fits = /^[0-9A-HJKMNP-TV-Z]{16}$/.test(symbols);
  return fits ? group(symbols) : undefined;
}

function group(symbols: string): string {
  return (symbols.match(/.{4}/g) ?? []).join('-');
}
