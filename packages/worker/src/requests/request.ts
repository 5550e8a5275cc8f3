import {
  lazily,
  messageOf,
  Package,
  PackageName,
  PatchError,
  parseJson,
  ServiceUnit,
} from '@linux-patch/contract';
import type { ReceivedRequest, RequestLimits } from '@linux-patch/runtime';
import { z } from 'zod';
import { EarlierJob, RawChange } from '../admission/change.ts';

/**
 * A request is one line, and as many bytes after it as its member `bytes` says: what may be long, and what others have
 * signed. Each part is there within this time.
 */
export const REQUEST_LIMITS: RequestLimits = {
  lineBytes: 64 * 1024,
  // What the agent takes of a client, and what the members are called here.
  bodyBytes: (1024 + 64) * 1024,
  timeoutMs: 2_000,
};

/** What tells how many bytes follow a line, whatever else is in it. */
const Framed = z.object({ bytes: z.int().nonnegative() });

/** The length of a body that a request must have. */
const Bytes = z
  .number('it comes with a body, and how long that is has to be said')
  .int()
  .positive()
  .max(REQUEST_LIMITS.bodyBytes);

/** The length of a body that a request may be without. */
const AnyBytes = z
  .number('it comes with a body, and how long that is has to be said')
  .int()
  .nonnegative()
  .max(REQUEST_LIMITS.bodyBytes);

const MOST_WAITING_MS = 10 * 60_000;

/** What the agent may ask for: one of these for each process. */
export const WorkerRequest = lazily(() =>
  z.discriminatedUnion('op', [
    z.strictObject({
      v: z.literal(1),
      op: z.literal('snapshot'),
      /** Also which updates an ordinary upgrade would leave, and why; that takes longer. */
      explain: z.boolean(),
      /** In the middle of somebody's work with the packages there is nothing worth keeping: the answer is null then. */
      unlessBusy: z.literal(true).optional(),
    }),
    z.strictObject({
      v: z.literal(1),
      op: z.literal('detail'),
      name: PackageName,
      /** What a listing of the state on disk shows under this name, for each architecture; absent: it is looked up. */
      listed: z.array(Package).max(64).optional(),
    }),
    /** Whether a reboot is needed, and whether what is installed is sound. */
    z.strictObject({ v: z.literal(1), op: z.literal('state') }),
    /** What is wrong with the packages, each for itself; that there is no package manager is an answer, too. */
    z.strictObject({ v: z.literal(1), op: z.literal('faults') }),
    /** What runs on this host, and what of it runs code that was replaced; needs no package manager. */
    z.strictObject({ v: z.literal(1), op: z.literal('services') }),
    /** How one of them is; needs no package manager either. */
    z.strictObject({ v: z.literal(1), op: z.literal('service-state'), name: ServiceUnit }),
    /** A file of root that the agent goes by, and may not be able to read itself. */
    z.strictObject({
      v: z.literal(1),
      op: z.literal('roots-file'),
      path: z.string().min(1).max(4_096),
    }),
    /** Which process listens on a port of this host; of others' processes only root is told. */
    z.strictObject({ v: z.literal(1), op: z.literal('port-holder'), port: z.int().min(1).max(65_535) }),
    /** From where packages come, and how old what is known of each source is. */
    z.strictObject({ v: z.literal(1), op: z.literal('sources') }),
    /** Refreshes what every source offers; may take an hour, and another for which somebody else works with the packages. */
    z.strictObject({ v: z.literal(1), op: z.literal('refresh') }),
    /** What a change would do; its body is a `PlanQuestion`. */
    z.strictObject({
      v: z.literal(1),
      op: z.literal('plan'),
      bytes: Bytes,
      /** How long somebody waits for it. */
      limitMs: z.int().positive().max(MOST_WAITING_MS),
      /** Why whoever asks does not believe the clock of this host; absent: it is believed. */
      clockFault: z.string().max(4_096).optional(),
    }),
    /** Whether a change is done; it is on disk when the answer says so. Its body is that of the change. */
    z.strictObject({
      v: z.literal(1),
      op: z.literal('start'),
      bytes: AnyBytes,
      change: RawChange,
      earlier: EarlierJob.optional(),
      /** Of root's own change, which is begun at once: as in `begin`. */
      clockFault: z.string().max(4_096).optional(),
    }),
    /** Whether who asks for that may cancel a job; it is told when the answer says so. */
    z.strictObject({ v: z.literal(1), op: z.literal('cancel'), bytes: AnyBytes, change: RawChange }),
    /** A job that was accepted and has not begun is not to be done. */
    z.strictObject({ v: z.literal(1), op: z.literal('withdraw'), job: z.uuid() }),
    /** An accepted job is to be done now, in a process of its own. */
    z.strictObject({
      v: z.literal(1),
      op: z.literal('begin'),
      job: z.uuid(),
      /** Why whoever asks does not believe the clock of this host; absent: it is believed. */
      clockFault: z.string().max(4_096).optional(),
    }),
    /** Whether the process of a job runs. */
    z.strictObject({ v: z.literal(1), op: z.literal('run-state'), job: z.uuid() }),
    /** How a job ended is on record with whoever follows it. */
    z.strictObject({ v: z.literal(1), op: z.literal('forget'), job: z.uuid() }),
    /** What is said about the key that signs changes; its body is a `JobKeyWord`. */
    z.strictObject({ v: z.literal(1), op: z.literal('take-job-key'), bytes: Bytes }),
    /** Which installation this is, made where there is none of this host. */
    z.strictObject({ v: z.literal(1), op: z.literal('instance') }),
    /** What an earlier release has accepted and not ended is to be done; asked for once, before anything was accepted. */
    z.strictObject({ v: z.literal(1), op: z.literal('take-over') }),
  ]),
);
export type WorkerRequest = z.infer<typeof WorkerRequest>;

/** A request, and the raw bytes that came with it; none where its kind has none. */
export interface AskedRequest {
  readonly request: WorkerRequest;
  readonly body: Uint8Array;
}

/** How many bytes a first line says that follow it; what is wrong with the line is said when it is read. */
export function bodyBytesOf(line: string): number {
  try {
    const { data } = Framed.safeParse(parseJson(line));
    return data?.bytes ?? 0;
  } catch {
    return 0;
  }
}

const SECONDS = REQUEST_LIMITS.timeoutMs / 1_000;

function faultOf(received: Exclude<ReceivedRequest, { kind: 'request' }>): string {
  switch (received.kind) {
    case 'too_long':
      return `The request has more than ${REQUEST_LIMITS.lineBytes} bytes without an end of line.`;
    case 'too_late':
      return `The request was not there after ${SECONDS} s.`;
    case 'cut':
      return 'The request ended before its line did.';
    case 'more':
      return received.bytes === 0
        ? 'The request is more than one line, which does not say that bytes follow it.'
        : `More follows the request than the ${received.bytes} bytes that it says.`;
    case 'body_too_long':
      return `The request says that ${received.bytes} bytes follow it; ${REQUEST_LIMITS.bodyBytes} may.`;
    case 'body_too_late':
      return `The request says that ${received.bytes} bytes follow it; ${received.came} were there after ${SECONDS} s.`;
    case 'body_cut':
      return `The request says that ${received.bytes} bytes follow it, and ended after ${received.came}.`;
  }
}

/** @throws PatchError `INVALID_REQUEST` that says what is wrong with it */
export function parseRequest(received: ReceivedRequest): AskedRequest {
  if (received.kind !== 'request') throw new PatchError('INVALID_REQUEST', faultOf(received));
  return { request: parsePart(received.line, WorkerRequest, 'the request'), body: received.body };
}

/**
 * Reads the line of a request, or a body that is JSON.
 * @param what it is, for people
 * @throws PatchError `INVALID_REQUEST` that says what is wrong with it
 */
export function parsePart<S extends z.ZodType>(text: string, schema: S, what: string): z.output<S> {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new PatchError('INVALID_REQUEST', `${upperFirst(what)} is no JSON: ${messageOf(error)}.`);
  }
  const { data, error } = schema.safeParse(value);
  if (!error) return data;
  const [first] = error.issues;
  const where = first?.path.join('.') || what;
  throw new PatchError(
    'INVALID_REQUEST',
    `The worker does not know this request: ${where}: ${first?.message}.`,
  );
}

function upperFirst(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
