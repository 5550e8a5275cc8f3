import { lazily } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { z } from 'zod';

const Line = lazily(() =>
  z.object({
    timestamp: z.iso.datetime(),
    event: z.string(),
    details: z.record(z.string(), z.unknown()).default({}),
  }),
);
type AuditLine = z.infer<typeof Line>;

/** The newest records of the audit log, oldest first. */
export type AuditTrail = readonly AuditLine[];

const TAIL_BYTES = 256 * 1024;

/** Reads the end of the audit log; a log that cannot be read tells nothing. */
export async function readAuditTrail(files: Files, path: string): Promise<AuditTrail> {
  const facts = await files.facts(path).catch(() => undefined);
  if (facts?.kind !== 'file') return [];
  const offset = Math.max(0, facts.sizeBytes - TAIL_BYTES);
  const part = await files.readPart(path, { offset, maxBytes: TAIL_BYTES }).catch(() => undefined);
  return Buffer.from(part ?? [])
    .toString('utf8')
    .split('\n')
    .flatMap((line) => parseLine(line) ?? []);
}

/** Undefined for a line that a crash or the cut at the beginning has torn. */
function parseLine(line: string): AuditLine | undefined {
  try {
    return Line.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** The newest record of one of these events. */
export function newestOf(trail: AuditTrail, events: readonly string[]): AuditLine | undefined {
  return trail.findLast((line) => events.includes(line.event));
}

/** A member of a record that is a text. */
export function textOf(line: AuditLine | undefined, member: string): string | undefined {
  const value = line?.details[member];
  return typeof value === 'string' ? value : undefined;
}
