import { createHash } from 'node:crypto';
import { printable } from '@linux-patch/runtime';

/** One audit line. `prev` is the SHA-256 of the line before it, so that a line changed or taken out shows. */
interface AuditRecord {
  readonly timestamp: string;
  /** Rises by one per line, across rotated files. */
  readonly seq: number;
  readonly event: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly prev: string;
}

/** What the next line continues. */
export interface ChainEnd {
  readonly seq: number;
  readonly hash: string;
  /** UTC day of the last line, `YYYY-MM-DD`; undefined when there is no line yet. */
  readonly day: string | undefined;
  /** The last line was cut off, by a full disk or a power cut. */
  readonly torn: boolean;
}

/** `prev` of the very first line. */
export const CHAIN_START: ChainEnd = { seq: 0, hash: '0'.repeat(64), day: undefined, torn: false };

/** The UTC day of an instant (epoch milliseconds), `YYYY-MM-DD`. */
export function dayOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 10);
}

/** The line for an event, with its newline, and the chain's new end. */
export function appendToChain(
  end: ChainEnd,
  entry: {
    readonly atMs: number;
    readonly event: string;
    readonly details: Readonly<Record<string, unknown>>;
  },
): { readonly line: string; readonly end: ChainEnd } {
  const record: AuditRecord = {
    timestamp: new Date(entry.atMs).toISOString(),
    seq: end.seq + 1,
    event: entry.event,
    details: entry.details,
    prev: end.hash,
  };
  const line = printable(JSON.stringify(record));
  const next = { seq: record.seq, hash: hashLine(line), day: dayOf(entry.atMs), torn: false };
  return { line: `${end.torn ? '\n' : ''}${line}\n`, end: next };
}

/** Where a file's text ends the chain; undefined when it holds no complete line. */
export function endOfText(text: string): ChainEnd | undefined {
  const torn = text !== '' && !text.endsWith('\n');
  const lines = text.split('\n').filter((line) => line !== '');
  const complete = torn ? lines.slice(0, -1) : lines;
  const last = complete.findLast((line) => parseLine(line) !== undefined);
  const record = last === undefined ? undefined : parseLine(last);
  if (last === undefined || record === undefined) return undefined;
  return { seq: record.seq, hash: hashLine(last), day: record.timestamp.slice(0, 10), torn };
}

function hashLine(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}

function parseLine(line: string): AuditRecord | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const record = value as Partial<AuditRecord> | null;
    const complete =
      typeof record?.seq === 'number' &&
      typeof record.prev === 'string' &&
      typeof record.timestamp === 'string';
    return complete ? (record as AuditRecord) : undefined;
  } catch {
    return undefined;
  }
}
