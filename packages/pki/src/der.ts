/** One DER value (X.690): its tag octet, its content and its whole encoding. */
export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly encoded: Uint8Array;
}

/** Tags that occur in certificates, requests and CRLs. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The single DER value that fills `bytes`. Throws RangeError when it is cut short or something follows it. */
export function readDer(bytes: Uint8Array): DerValue {
  const value = readAt(bytes, 0);
  if (value.encoded.length !== bytes.length) throw new RangeError('bytes follow the end of the structure');
  return value;
}

/** The DER value that `bytes` begin with. Throws RangeError when it is cut short. */
export function firstDer(bytes: Uint8Array): DerValue {
  return readAt(bytes, 0);
}

/** The values inside a constructed value. Throws RangeError when it has not this tag or its content is broken. */
export function derChildren(value: DerValue | undefined, tag: number = TAG.sequence): DerValue[] {
  const { content } = expectTag(value, tag);
  const found: DerValue[] = [];
  for (let offset = 0; offset < content.length; ) {
    const child = readAt(content, offset);
    found.push(child);
    offset += child.encoded.length;
  }
  return found;
}

/** The value itself when it has this tag; throws RangeError otherwise. */
export function expectTag(value: DerValue | undefined, tag: number): DerValue {
  if (value?.tag !== tag) throw new RangeError('the structure is not the expected one');
  return value;
}

/** An OID as the hex of its content octets, which is enough to compare it. */
export function derOid(value: DerValue | undefined): string {
  return Buffer.from(expectTag(value, TAG.oid).content).toString('hex');
}

/** An INTEGER that is not negative. */
export function derInteger(value: DerValue | undefined): bigint {
  const { content } = expectTag(value, TAG.integer);
  const first = content[0];
  if (first === undefined || first >= 0x80) throw new RangeError('a number is empty or negative');
  return BigInt(`0x${Buffer.from(content).toString('hex')}`);
}

/** The octets of a BIT STRING without unused bits. */
export function derBits(value: DerValue | undefined): Uint8Array {
  const { content } = expectTag(value, TAG.bitString);
  if (content[0] !== 0) throw new RangeError('a bit string does not end on a whole octet');
  return content.subarray(1);
}

/** A UTCTime or GeneralizedTime as RFC 5280 §4.1.2.5 restricts them, in epoch milliseconds. */
export function derTime(value: DerValue | undefined): number {
  const text = Buffer.from(value?.content ?? []).toString('latin1');
  const pattern = value?.tag === TAG.utcTime ? /^(\d{2})(\d{10})Z$/ : /^(\d{4})(\d{10})Z$/;
  const [, year, rest] = pattern.exec(text) ?? [];
  if ((value?.tag !== TAG.utcTime && value?.tag !== TAG.generalizedTime) || !year || !rest) {
    throw new RangeError('a date is malformed');
  }
  const century = year.length === 4 ? '' : Number(year) < 50 ? '20' : '19';
  const iso = rest.replace(/^(..)(..)(..)(..)(..)$/, '-$1-$2T$3:$4:$5Z');
  const time = Date.parse(century + year + iso);
  if (Number.isNaN(time)) throw new RangeError('a date does not exist');
  return time;
}

function readAt(bytes: Uint8Array, offset: number): DerValue {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new RangeError('the structure is cut short');
  if ((tag & 0x1f) === 0x1f) throw new RangeError('the structure has a tag of several octets');
  let length = first;
  let start = offset + 2;
  if (first >= 0x80) {
    const octets = bytes.subarray(start, start + (first & 0x7f));
    if (first === 0x80 || octets.length > 4 || octets.length !== (first & 0x7f)) {
      throw new RangeError('a length is malformed');
    }
    length = octets.reduce((sum, octet) => sum * 256 + octet, 0);
    start += octets.length;
  }
  const end = start + length;
  if (end > bytes.length) throw new RangeError('the structure is cut short');
  return { tag, content: bytes.subarray(start, end), encoded: bytes.subarray(offset, end) };
}
