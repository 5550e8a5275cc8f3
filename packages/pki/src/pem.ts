import { PatchError } from '@linux-patch/contract';

/** One PEM block (RFC 7468). */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
  /** Headers as in RFC 1421, which only encrypted keys of the older form have. */
  readonly headers: readonly string[];
}

/** The failure of reading PEM text: CERT_CORRUPT, with the reason as a clause in `details.reason`. */
export function corrupt(what: string, reason: string, cause?: unknown): PatchError {
  return new PatchError('CERT_CORRUPT', `The ${what} cannot be read: ${reason}.`, {
    details: { reason },
    cause,
  });
}

/** What a PEM text holds. */
export interface PemText {
  readonly blocks: readonly PemBlock[];
  /** What it should not hold although its blocks can be read: clauses about the file, such as `holds NUL bytes`. */
  readonly oddities: readonly string[];
}

const BYTE_ORDER_MARK = '\uFEFF';

/**
 * Reads a PEM text that is in use: blocks are taken wherever they stand, as OpenSSL takes them and in some cases where it
 * does not, such as behind a byte order mark or indented. Throws CERT_CORRUPT for a block that is cut or damaged, and for a
 * text without one; `what` names the thing in the message.
 */
export function readPemText(text: string, what: string, limitBytes: number): PemText {
  if (Buffer.byteLength(text) > limitBytes) throw corrupt(what, `it is larger than ${limitBytes} bytes`);
  if (text.trim() === '') throw corrupt(what, 'it is empty');
  const blocks: PemBlock[] = [];
  const oddities = textOddities(text);
  let open: { label: string; line: number; body: string[] } | undefined;
  let textAfterBlock = false;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    const begins = /^-----BEGIN ([A-Z0-9 ]+)-----$/.exec(line)?.[1];
    if (open && line === `-----END ${open.label}-----`) {
      blocks.push(readBlock(open.label, open.body, what));
      open = undefined;
    } else if (open) {
      if (line.startsWith('-----')) throw noEndLine(what, open);
      open.body.push(line);
    } else if (begins !== undefined) {
      open = { label: begins, line: index + 1, body: [] };
      textAfterBlock = false;
    } else {
      if (/^-----END [A-Z0-9 ]+-----$/.test(line)) throw strayEnd(what, index + 1);
      if (line.startsWith('-----'))
        oddities.push(`holds a line that begins with "-----" (line ${index + 1})`);
      textAfterBlock ||= line !== '';
    }
  }
  if (open) throw noEndLine(what, open);
  if (blocks.length === 0) throw corrupt(what, noBlockReason(text));
  return {
    blocks,
    oddities: textAfterBlock ? [...oddities, 'holds text after its last PEM block'] : oddities,
  };
}

function textOddities(text: string): string[] {
  return [
    ...(text.includes('\0') ? ['holds NUL bytes'] : []),
    ...(text.startsWith(BYTE_ORDER_MARK) ? ['begins with a byte order mark'] : []),
  ];
}

/**
 * All PEM blocks of a text that somebody sent. Explanatory text is accepted before a block, as `openssl x509 -text` writes
 * it, but nothing after the last one and nothing that looks odd. Throws CERT_CORRUPT.
 */
export function readPem(text: string, what: string, limitBytes: number): readonly PemBlock[] {
  const { blocks, oddities } = readPemText(text, what, limitBytes);
  if (oddities[0] !== undefined) throw corrupt(what, `it ${oddities[0]}`);
  return blocks;
}

/** A PEM text with 64 characters a line and a final line feed. */
export function writePem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** The begin line before it is damaged, or gone with a part of the file. */
function strayEnd(what: string, lineNumber: number): PatchError {
  return corrupt(what, `it is damaged: the end line in line ${lineNumber} has no begin line`);
}

function noEndLine(what: string, block: { readonly label: string; readonly line: number }): PatchError {
  const reason = `it is truncated: the ${block.label} block that begins in line ${block.line} has no end line`;
  return corrupt(what, reason);
}

function readBlock(label: string, lines: readonly string[], what: string): PemBlock {
  const headers = lines.filter((line) => line.includes(':'));
  const base64 = lines
    .filter((line) => !line.includes(':'))
    .join('')
    .replaceAll(/[ \t]/g, '');
  const der = Buffer.from(base64, 'base64');
  if (base64 === '' || der.toString('base64') !== base64) {
    throw corrupt(what, `it is truncated or damaged: the ${label} block is not base64`);
  }
  return { label, der, headers };
}

function noBlockReason(text: string): string {
  if (/-\0-\0-\0/.test(text)) return 'it is UTF-16 text; save it as UTF-8';
  const binary = text.startsWith('0') && /[^\t\n\r -~]/.test(text.slice(0, 64));
  return binary
    ? 'it is binary (DER?); a PEM file begins with "-----BEGIN"'
    : 'it holds no PEM block ("-----BEGIN …")';
}
