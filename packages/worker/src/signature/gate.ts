import { type HostJobKey, PatchError } from '@linux-patch/contract';
import type { Challenges } from './challenges.ts';
import type { Pin } from './pinned-key.ts';
import { type ChangeRequest, type SignedFor, verifyChange } from './verify.ts';

/** Whether a request always needs a signature where a key is pinned, or only in a state that is looked at later. */
export type SignatureNeed = 'always' | 'when_spent';

/** Whether a change may be made, as far as its signature says. */
export interface Admission {
  /** Fingerprint of the key that signed the request; undefined for an unsigned one, and where no key is pinned. */
  readonly signedBy: string | undefined;
  /**
   * Uses up the challenge of the signature; to be called right before the change, and not for a repetition of one.
   * @throws PatchError `SIGNATURE_REQUIRED` where a key is pinned and the request is not signed; `CHALLENGE_UNKNOWN`
   */
  spend(): Promise<void>;
}

/** Says whose changes this host does. */
export interface SignatureGate {
  /**
   * Looks at a request before its body is parsed.
   * @param need whether a request without a signature is refused at once, or only when its `Admission` is spent
   * @throws PatchError `SIGNATURE_REQUIRED`, `SIGNATURE_INVALID`, `INSTANCE_MISMATCH`, and what reading the pin throws
   */
  admit(request: ChangeRequest, need: SignatureNeed): Promise<Admission>;
  /** A challenge for the next change; undefined where no key is pinned. */
  nextChallenge(): Promise<string | undefined>;
}

export function createSignatureGate(options: {
  readonly pin: () => Promise<HostJobKey & Partial<Pin>>;
  readonly challenges: Challenges;
  /** Asked for only where a key is pinned. */
  readonly own: () => SignedFor | Promise<SignedFor>;
}): SignatureGate {
  const { pin, challenges, own } = options;
  return {
    async admit(request, need) {
      const held = await pin();
      const verified = held.pinned === null ? undefined : verifyChange(held, request, await own());
      if (need === 'always' && held.pinned !== null && !verified) throw unsigned(held.pinned);
      return {
        signedBy: verified && (held.pinned ?? undefined),
        async spend() {
          if (held.pinned === null) return;
          if (!verified) throw unsigned(held.pinned);
          if (!(await challenges.use(verified.challenge))) throw unknownChallenge();
        },
      };
    },
    async nextChallenge() {
      const held = await pin();
      return held.pinned === null ? undefined : challenges.issue();
    },
  };
}

function unsigned(pinned: string): PatchError {
  return new PatchError(
    'SIGNATURE_REQUIRED',
    `This host does only what the key ${pinned} has signed, which is its manager's; the request is not signed, and nothing was done. ` +
      'Ask for the change on the manager, or as root on the host itself (linux-patch-api apply, install, remove, hold, unhold, rollback).',
  );
}

function unknownChallenge(): PatchError {
  return new PatchError(
    'CHALLENGE_UNKNOWN',
    'The number that the signature is over was used already, is too old, or is from before this host was started. Nothing was done. ' +
      'Sign once more, over the number in this answer (Linux-Patch-Challenge).',
  );
}
