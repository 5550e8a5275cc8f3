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

/**
 * All PEM blocks of a text. Explanatory text is accepted before a block, as `openssl x509 -text` writes it, but not
 * after the last one. Throws CERT_CORRUPT; `what` names the thing in the message.
 */
export function readPem(text: string, what: string, limitBytes: number): PemBlock[] {
  if (Buffer.byteLength(text) > limitBytes) throw corrupt(what, `it is larger than ${limitBytes} bytes`);
  if (text.trim() === '') throw corrupt(what, 'it is empty');
  const blocks: PemBlock[] = [];
  let open: { label: string; line: number; body: string[] } | undefined;
  let textAfterBlock = false;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (open && line === `-----END ${open.label}-----`) {
      blocks.push(readBlock(open.label, open.body, what));
      open = undefined;
    } else if (open) {
      if (line.startsWith('-----')) throw noEndLine(what, open);
      open.body.push(line);
    } else if (line.startsWith('-----')) {
      open = { label: beginLabel(line, index + 1, what), line: index + 1, body: [] };
      textAfterBlock = false;
    } else {
      textAfterBlock ||= line !== '';
    }
  }
  if (open) throw noEndLine(what, open);
  if (blocks.length === 0) throw corrupt(what, noBlockReason(text));
  if (textAfterBlock) throw corrupt(what, 'text follows the last PEM block');
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

function beginLabel(line: string, lineNumber: number, what: string): string {
  const label = /^-----BEGIN ([A-Z0-9 ]+)-----$/.exec(line)?.[1];
  if (label === undefined) throw corrupt(what, `line ${lineNumber} should be the begin line of a PEM block`);
  return label;
}

function noEndLine(what: string, block: { readonly label: string; readonly line: number }): PatchError {
  const reason = `it is truncated: the ${block.label} block that begins in line ${block.line} has no end line`;
  return corrupt(what, reason);
}

function readBlock(label: string, lines: readonly string[], what: string): PemBlock {
  const headers = lines.filter((line) => line.includes(':'));
  const base64 = lines.filter((line) => !line.includes(':')).join('');
  const der = Buffer.from(base64, 'base64');
  if (base64 === '' || der.toString('base64') !== base64) {
    throw corrupt(what, `it is truncated or damaged: the ${label} block is not base64`);
  }
  return { label, der, headers };
}

function noBlockReason(text: string): string {
  const binary = text.startsWith('0') && /[^\t\n\r -~]/.test(text.slice(0, 64));
  return binary
    ? 'it is binary (DER?); a PEM file begins with "-----BEGIN"'
    : 'it holds no PEM block ("-----BEGIN …")';
}
