import { type DerValue, derChildren, derOid, TAG } from './der.ts';
import { encode, encodeOid, encodeSequence } from './der-writer.ts';

const ATTRIBUTE_NAMES: Readonly<Record<string, string>> = {
  '550403': 'CN',
  '550405': 'serialNumber',
  '550406': 'C',
  '550407': 'L',
  '550408': 'ST',
  '55040a': 'O',
  '55040b': 'OU',
};

const LATIN_STRINGS: ReadonlySet<number | undefined> = new Set([
  TAG.printableString,
  TAG.ia5String,
  TAG.teletexString,
]);

/** An X.501 name for people, `CN=…, O=…` in encoded order, and its first common name. */
interface DistinguishedName {
  readonly text: string;
  readonly commonName: string | undefined;
}

/** Reads a DER Name. Control characters, commas and quotes are escaped, so that the text is safe in a log line. */
export function readName(name: DerValue): DistinguishedName {
  const attributes = derChildren(name)
    .flatMap((relative) => derChildren(relative, TAG.set))
    .map((attribute) => {
      const [type, value] = derChildren(attribute);
      const oid = derOid(type);
      return { type: ATTRIBUTE_NAMES[oid] ?? `oid:${oid}`, value: readText(value) };
    });
  return {
    text: attributes.map(({ type, value }) => `${type}=${escapeText(value)}`).join(', '),
    commonName: attributes.find(({ type }) => type === 'CN')?.value,
  };
}

/** The DER Name that consists of one common name. */
export function encodeCommonName(commonName: string): Uint8Array {
  const value = encode(TAG.utf8String, Buffer.from(commonName, 'utf8'));
  return encodeSequence(encode(TAG.set, encodeSequence(encodeOid('550403'), value)));
}

function readText(value: DerValue | undefined): string {
  const bytes = Buffer.from(value?.content ?? []);
  if (value?.tag === TAG.utf8String) return bytes.toString('utf8');
  if (LATIN_STRINGS.has(value?.tag)) return bytes.toString('latin1');
  if (value?.tag === TAG.bmpString && bytes.length % 2 === 0) return bytes.swap16().toString('utf16le');
  return `#${bytes.toString('hex')}`;
}

function escapeText(text: string): string {
  return text
    .replaceAll(/[\\",+;<>=]/g, String.raw`\$&`)
    .replaceAll(/\p{C}/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
