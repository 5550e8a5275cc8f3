import { messageOf, Package, PackageName, PatchError, parseJson } from '@linux-patch/contract';
import type { LineLimits, ReceivedLine } from '@linux-patch/runtime';
import { z } from 'zod';

/** A request is one line of at most so many bytes, and there within this time. */
export const REQUEST_LIMITS: LineLimits = { maxBytes: 64 * 1024, timeoutMs: 2_000 };

/** What the agent may ask for: one of these for each process. */
export const WorkerRequest = z.discriminatedUnion('op', [
  /** Whether somebody is there. */
  z.strictObject({ v: z.literal(1), op: z.literal('hello') }),
  z.strictObject({
    v: z.literal(1),
    op: z.literal('snapshot'),
    /** Also which updates an ordinary upgrade would leave, and why; that takes longer. */
    explain: z.boolean(),
  }),
  z.strictObject({
    v: z.literal(1),
    op: z.literal('detail'),
    name: PackageName,
    /** What a listing of the state on disk shows under this name, for each architecture; absent: it is looked up. */
    listed: z.array(Package).max(64).optional(),
  }),
]);
export type WorkerRequest = z.infer<typeof WorkerRequest>;

const FAULTS: Readonly<Record<Exclude<ReceivedLine['kind'], 'line'>, string>> = {
  too_long: `The request has more than ${REQUEST_LIMITS.maxBytes} bytes without an end of line.`,
  too_late: `The request was not there after ${REQUEST_LIMITS.timeoutMs / 1_000} s.`,
  cut: 'The request ended before its line did.',
  more: 'The request is more than one line.',
};

/** @throws PatchError `INVALID_REQUEST` that says what is wrong with it */
export function parseRequest(received: ReceivedLine): WorkerRequest {
  if (received.kind !== 'line') throw new PatchError('INVALID_REQUEST', FAULTS[received.kind]);
  let value: unknown;
  try {
    value = parseJson(received.text);
  } catch (error) {
    throw new PatchError('INVALID_REQUEST', `The request is no JSON: ${messageOf(error)}.`);
  }
  const { data, error } = WorkerRequest.safeParse(value);
  if (data) return data;
  const [first] = error?.issues ?? [];
  const where = first?.path.join('.') || 'the request';
  throw new PatchError(
    'INVALID_REQUEST',
    `The worker does not know this request: ${where}: ${first?.message}.`,
  );
}
