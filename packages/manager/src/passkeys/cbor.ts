/** What an authenticator says in CBOR (RFC 8949), in the part of it that CTAP2 has. */
export type CborValue = number | boolean | null | string | Uint8Array | readonly CborValue[] | CborMap;
export type CborMap = ReadonlyMap<number | string, CborValue>;

/** CTAP 2.1 §8: a message is nested no deeper. */
const MAX_DEPTH = 4;

/** Bytes that are read from one end to the other; nothing beyond them is made room for. */
class Reader {
  readonly #view: DataView;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  take(length: number): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.#view;
    if (length > byteLength - this.at) throw new Error('the CBOR ends early');
    this.at += length;
    return new Uint8Array(buffer, byteOffset + this.at - length, length);
  }

  #number(length: 1 | 2 | 4): number {
    const { byteOffset } = this.take(length);
    const at = byteOffset - this.#view.byteOffset;
    if (length === 1) return this.#view.getUint8(at);
    return length === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  /** Major type, and the number that comes with it; of 8 bytes, floats and lengths that are said later there are none. */
  head(): { readonly major: number; readonly argument: number } {
    const first = this.#number(1);
    const [major, info] = [first >> 5, first & 31];
    if (info < 24) return { major, argument: info };
    if (info > 26 || major === 7) throw new Error('the CBOR has what no authenticator needs');
    return { major, argument: this.#number(info === 24 ? 1 : info === 25 ? 2 : 4) };
  }
}

function readMap(reader: Reader, size: number, depth: number): CborMap {
  const map = new Map<number | string, CborValue>();
  for (let n = 0; n < size; n += 1) {
    const key = readValue(reader, depth);
    if (typeof key !== 'number' && typeof key !== 'string') throw new Error('a key of the CBOR is no name');
    if (map.has(key)) throw new Error('a key of the CBOR is there twice');
    map.set(key, readValue(reader, depth));
  }
  return map;
}

const SIMPLE: Readonly<Record<number, boolean | null>> = { 20: false, 21: true, 22: null };

function readValue(reader: Reader, depth: number): CborValue {
  if (depth > MAX_DEPTH) throw new Error('the CBOR is too deep');
  const { major, argument } = reader.head();
  switch (major) {
    case 0:
      return argument;
    case 1:
      return -1 - argument;
    case 2:
      return reader.take(argument);
    case 3:
      return new TextDecoder('utf-8', { fatal: true }).decode(reader.take(argument));
    case 4: {
      const items: CborValue[] = [];
      for (let n = 0; n < argument; n += 1) items.push(readValue(reader, depth + 1));
      return items;
    }
    case 5:
      return readMap(reader, argument, depth + 1);
    case 7: {
      const simple = SIMPLE[argument];
      if (simple !== undefined) return simple;
    }
  }
  throw new Error('the CBOR has what no authenticator needs');
}

/** Reads the value that begins at `at`, and says where it ends. @throws Error when there is none */
export function readCbor(bytes: Uint8Array, at = 0): { readonly value: CborValue; readonly end: number } {
  const reader = new Reader(bytes, at);
  return { value: readValue(reader, 0), end: reader.at };
}
