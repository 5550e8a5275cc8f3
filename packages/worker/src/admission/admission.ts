import { type HostJobKey, isPatchError, PatchError } from '@linux-patch/contract';
import type { Random } from '@linux-patch/runtime';
import { admitJob } from '../jobs/governed.ts';
import type { JobRequest } from '../jobs/job-request.ts';
import type { NamedRequest } from '../jobs/named-request.ts';
import type { ChangePolicy } from '../package-interface/change-policy.ts';
import { refuseProtected } from '../services/restartable.ts';
import type { Challenges } from '../signature/challenges.ts';
import { type Admission as Admitted, createSignatureGate, type SignatureGate } from '../signature/gate.ts';
import type { Pin } from '../signature/pinned-key.ts';
import {
  type CancelAnswer,
  type EarlierJob,
  type RawChange,
  type Refused,
  refusalOf,
  type StartAnswer,
} from './change.ts';
import { type ChangeInput, cancelledJob, jobOf } from './job-of.ts';
import { keyConflict, nameChange } from './name-change.ts';
import type { Order, Orders } from './orders.ts';
import type { RunPlace } from './run-place.ts';

type Instant = Pick<Order, 'acceptedAtMs' | 'acceptedAt'>;

export interface AdmissionOptions {
  /** Now, as an order says it. */
  readonly instant: () => Promise<Instant>;
  readonly random: Pick<Random, 'uuid'>;
  readonly orders: Orders;
  readonly placeOf: (job: string) => RunPlace;
  readonly pin: () => Promise<HostJobKey & Partial<Pin>>;
  readonly challenges: Challenges;
  /** Asked for only where a key is pinned. */
  readonly instanceId: () => Promise<string>;
  readonly policy: ChangePolicy;
}

/** A change as it was passed on; whoever does that is not believed in anything but what it refuses. */
export interface PassedOn extends ChangeInput {
  readonly change: RawChange;
  /** Whether whoever passes it on has started this process, and so may do whatever it may. */
  readonly isStarters: boolean;
}

/** The one place that says which changes this host does. */
export interface Admission {
  /** @param earlier what whoever passes it on knows of its `Idempotency-Key` */
  start(passed: PassedOn, earlier: EarlierJob | undefined): Promise<StartAnswer>;
  /**
   * Cancels a job. Who cuts off a package manager at its work changes packages, and needs a signature for that; a job that
   * waits, for its turn or for somebody else, whoever may call can cancel.
   */
  cancel(passed: PassedOn): Promise<CancelAnswer>;
  /** Sees to it that a job which was accepted and has not begun is never done; false when it has begun. */
  withdraw(job: string): Promise<boolean>;
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { orders } = options;
  return {
    async start(passed, earlier) {
      const gate = gateFor(options, passed);
      let operation: string | undefined;
      try {
        const admitted = isRoots(passed) ? ROOTS_WORD : await gate.admit(asRequest(passed), 'always');
        const request = jobOf(passed);
        operation = request.operation;
        const asked: Asked = { passed, earlier, request, admitted };
        const answer = await orders.alone(() => accept(options, asked));
        return { ...answer, challenge: await nextChallenge(gate, passed) };
      } catch (error) {
        return refuse(gate, passed, { error, operation });
      }
    },
    async cancel(passed) {
      const gate = gateFor(options, passed);
      try {
        const job = cancelledJob(passed);
        const signedBy = await orders.alone(() => cancel(options, job, () => leaveOf(gate, passed)));
        if (signedBy === undefined) return { kind: 'cancelled', signedBy: null };
        return { kind: 'cancelled', signedBy, challenge: await nextChallenge(gate, passed) };
      } catch (error) {
        return refuse(gate, passed, { error });
      }
    },
    withdraw: (job) =>
      orders.alone(async () => {
        await using held = await orders.hold(job);
        if (!held) return false;
        await orders.end(job);
        return true;
      }),
  };
}

/**
 * @param leave called where a package manager may be at work @returns its word; undefined where it was not asked
 */
async function cancel(
  { orders, placeOf }: AdmissionOptions,
  job: string,
  leave: () => Promise<string | null>,
): Promise<string | null | undefined> {
  if (!(await orders.find(job))) return undefined;
  const place = placeOf(job);
  if (!(await place.hasBegun())) {
    await orders.end(job);
    return undefined;
  }
  const waits = await place.waits();
  const signedBy = waits ? undefined : await leave();
  await place.cancel(!waits);
  return signedBy;
}

/** Root is the host's own administrator: what binds it is the policy that it wrote. */
const ROOTS_WORD: Admitted = { signedBy: undefined, spend: async () => {} };

/** Whether root's own command asks. @throws PatchError `FORBIDDEN` for whoever only says so */
function isRoots({ change, isStarters }: PassedOn): boolean {
  if (change.caller === 'root' && !isStarters) throw notRoot();
  return change.caller === 'root';
}

function notRoot(): PatchError {
  return new PatchError(
    'FORBIDDEN',
    'Only a command that root itself starts speaks for root of this host; nothing was done.',
  );
}

/** Fingerprint of the key that signed the request; null where none is pinned. @throws what it is refused with */
async function leaveOf(gate: SignatureGate, passed: PassedOn): Promise<string | null> {
  const admitted = await gate.admit(asRequest(passed), 'always');
  await admitted.spend();
  return admitted.signedBy ?? null;
}

interface Asked {
  readonly passed: PassedOn;
  readonly earlier: EarlierJob | undefined;
  readonly request: JobRequest;
  readonly admitted: Admitted;
}

type Verdict = Exclude<StartAnswer, Refused>;

/** A repetition is looked up before its challenge is: an answer may have been lost. */
async function accept(options: AdmissionOptions, asked: Asked): Promise<Verdict> {
  const { passed, earlier, request, admitted } = asked;
  const signedBy = admitted.signedBy ?? null;
  const named = nameChange({ ...passed.change, body: passed.body });
  const known = named && (await options.orders.findKey(named.key));
  if (known) return acceptedAs(sameOrder(known, named));
  if (named && earlier) {
    if (!earlier.same) throw keyConflict(earlier.job);
    return { kind: 'repeated', signedBy };
  }
  await admitted.spend();
  await admitJob(request, { policy: options.policy, recorded: options.orders.recorded });
  if (request.operation === 'restart_service') refuseProtected(request.service);
  const order = orderOf(options, asked, { named, instant: await options.instant() });
  await options.orders.accept(order);
  return acceptedAs(order);
}

function sameOrder(known: Order, named: NamedRequest): Order {
  if (known.named?.digest !== named.digest) throw keyConflict(known.job);
  return known;
}

function acceptedAs({ job, request, by }: Order): Verdict {
  return { kind: 'accepted', job, request, signedBy: by.kind === 'signed' ? by.key : null };
}

function orderOf(
  { random }: AdmissionOptions,
  { admitted, request, passed }: Asked,
  { named, instant }: { readonly named: NamedRequest | undefined; readonly instant: Instant },
): Order {
  return { v: 1, job: random.uuid(), request, named, by: authorityOf(admitted, passed.change), ...instant };
}

function authorityOf({ signedBy }: Admitted, { caller }: RawChange): Order['by'] {
  if (caller === 'root') return { kind: 'root' };
  return signedBy === undefined ? { kind: 'unsigned', caller } : { kind: 'signed', key: signedBy };
}

function gateFor({ pin, challenges, instanceId }: AdmissionOptions, { change }: PassedOn): SignatureGate {
  const names = change.names.map((name) => name.toLowerCase());
  return createSignatureGate({
    pin,
    challenges,
    own: async () => ({ names, instanceId: await instanceId() }),
  });
}

function asRequest({ change, body }: PassedOn) {
  const { line, idempotencyKey, job, signature } = change;
  return { line, body, idempotencyKey, job, signature };
}

/** Root of its own host signs nothing. */
async function nextChallenge(gate: SignatureGate, { change }: PassedOn): Promise<string | undefined> {
  if (change.caller !== 'network') return undefined;
  // The change is made, with a number for the next one or without.
  return gate.nextChallenge().catch(() => undefined);
}

async function refuse(
  gate: SignatureGate,
  passed: PassedOn,
  { error, operation }: { readonly error: unknown; readonly operation?: string | undefined },
): Promise<Refused> {
  if (passed.change.caller !== 'network') return refusalOf(toRoot(error), { operation });
  try {
    return refusalOf(error, { operation, challenge: await gate.nextChallenge() });
  } catch (noChallenge) {
    const asksForOne = isPatchError(error, 'SIGNATURE_REQUIRED', 'CHALLENGE_UNKNOWN');
    return refusalOf(asksForOne ? noChallenge : error, { operation });
  }
}

/** Root of this host says itself whose changes count; whether it is root that asks, only root's own command proves. */
function toRoot(error: unknown): unknown {
  if (!isPatchError(error, 'SIGNATURE_REQUIRED')) return error;
  return new PatchError(
    'SIGNATURE_REQUIRED',
    'This host pins the job key of a manager, so it does only what that key has signed; nothing was done. ' +
      'Ask for the change on the manager, or with a command of root on this host, which needs no signature ' +
      '(linux-patch-api apply, install, remove, hold, unhold, rollback), or let unsigned changes count first: linux-patch-api trust-job-key none',
  );
}
