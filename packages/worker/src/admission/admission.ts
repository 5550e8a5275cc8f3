import { type HostJobKey, isPatchError, PatchError } from '@linux-patch/contract';
import type { Clock, Random } from '@linux-patch/runtime';
import { admitJob } from '../jobs/governed.ts';
import type { JobRequest } from '../jobs/job-request.ts';
import type { NamedRequest } from '../jobs/named-request.ts';
import type { ChangePolicy } from '../package-interface/change-policy.ts';
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
import { type ChangeInput, jobOf } from './job-of.ts';
import { keyConflict, nameChange } from './name-change.ts';
import type { Order, Orders } from './orders.ts';

export interface AdmissionOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'uuid'>;
  readonly orders: Orders;
  readonly pin: () => Promise<HostJobKey & Partial<Pin>>;
  readonly challenges: Challenges;
  /** Asked for only where a key is pinned. */
  readonly instanceId: () => Promise<string>;
  readonly policy: ChangePolicy;
}

/** A change as it was passed on; whoever does that is not believed in anything but what it refuses. */
export interface PassedOn extends ChangeInput {
  readonly change: RawChange;
}

/** The one place that says which changes this host does. */
export interface Admission {
  /** @param earlier what whoever passes it on knows of its `Idempotency-Key` */
  start(passed: PassedOn, earlier: EarlierJob | undefined): Promise<StartAnswer>;
  /** Whether its sender may cut off a job at its work. */
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
        const admitted = await gate.admit(asRequest(passed), 'always');
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
        const admitted = await gate.admit(asRequest(passed), 'always');
        await admitted.spend();
        const signedBy = admitted.signedBy ?? null;
        return { kind: 'allowed', signedBy, challenge: await nextChallenge(gate, passed) };
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
  await admitJob(request, options.policy);
  const order = orderOf(options, asked, named);
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
  { clock, random }: AdmissionOptions,
  { admitted, request, passed }: Asked,
  named: NamedRequest | undefined,
): Order {
  const { signedBy } = admitted;
  const by =
    signedBy === undefined
      ? ({ kind: 'unsigned', caller: passed.change.caller } as const)
      : ({ kind: 'signed', key: signedBy } as const);
  return { v: 1, job: random.uuid(), request, named, by, acceptedAtMs: clock.now() };
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

/** Root on the socket of its own host signs nothing. */
async function nextChallenge(gate: SignatureGate, { change }: PassedOn): Promise<string | undefined> {
  if (change.caller === 'local') return undefined;
  // The change is made, with a number for the next one or without.
  return gate.nextChallenge().catch(() => undefined);
}

async function refuse(
  gate: SignatureGate,
  passed: PassedOn,
  { error, operation }: { readonly error: unknown; readonly operation?: string | undefined },
): Promise<Refused> {
  if (passed.change.caller === 'local') return refusalOf(toRoot(error), { operation });
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
      'Ask for the change on the manager, or let unsigned changes count first: linux-patch-api trust-job-key none',
  );
}
