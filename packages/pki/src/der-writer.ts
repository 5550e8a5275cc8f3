import { TAG } from './der.ts';
import { serialOctets } from './serial.ts';

/** The encoding of a value with this tag octet around the given contents. */
export function encode(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(content.length)]), content]);
}

/** A SEQUENCE of already encoded values. */
export function encodeSequence(...values: readonly Uint8Array[]): Buffer {
  return encode(TAG.sequence, ...values);
}

/** An OBJECT IDENTIFIER from the hex of its content octets. */
export function encodeOid(oid: string): Buffer {
  return encode(TAG.oid, Buffer.from(oid, 'hex'));
}

/** An OBJECT IDENTIFIER from its dotted numbers (X.690 §8.19). */
export function encodeDottedOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return encode(TAG.oid, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

/** An INTEGER that is not negative, from hex digits. */
export function encodeInteger(hex: string): Buffer {
  return encode(TAG.integer, Buffer.from(serialOctets(hex), 'hex'));
}

/** A BIT STRING of whole octets. */
export function encodeBits(octets: Uint8Array): Buffer {
  return encode(TAG.bitString, Buffer.from([0]), octets);
}

/** An instant in whole seconds, UTCTime until 2049 and GeneralizedTime after (RFC 5280 §4.1.2.5). */
export function encodeTime(epochMs: number): Buffer {
  const digits = `${new Date(epochMs).toISOString().slice(0, 19).replaceAll(/\D/g, '')}Z`;
  const year = Number(digits.slice(0, 4));
  return year >= 1950 && year < 2050
    ? encode(TAG.utcTime, Buffer.from(digits.slice(2)))
    : encode(TAG.generalizedTime, Buffer.from(digits));
}

const TRUE = encode(TAG.boolean, Buffer.from([0xff]));

/** One extension: its OID and the encoding of its value. Clients that do not understand a critical one refuse the whole. */
export function encodeExtension(oid: string, value: Uint8Array, critical?: 'critical'): Buffer {
  return encodeSequence(encodeOid(oid), ...(critical ? [TRUE] : []), encode(TAG.octetString, value));
}

function base128(number: number): number[] {
  const octets = [number % 128];
  for (let rest = Math.floor(number / 128); rest > 0; rest = Math.floor(rest / 128)) {
    octets.unshift((rest % 128) | 0x80);
  }
  return octets;
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return [0x80 | octets.length, ...octets];
}
