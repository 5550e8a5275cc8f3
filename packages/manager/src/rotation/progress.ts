import type { TrustState } from '@linux-patch/contract';
import type { CaState } from '../authority/ca-state.ts';

/** What a host must say to count as having followed the present phase. */
export interface Need {
  readonly stage: string;
  /** Fingerprints of the roots in its ca.pem, no more and no less. */
  readonly roots: readonly string[];
  /** Keys of the issuers that it must accept the manager from. */
  readonly accepts: readonly string[];
  /** Key of the CA that its certificate must be from; undefined while either will do. */
  readonly issuer: string | undefined;
}

/** What is known of one host. */
export interface Follower {
  readonly stage: string | null;
  readonly state: TrustState | undefined;
  readonly error: string | null;
}

/** A phase with its beginning: an answer from an earlier one proves nothing about this one. */
export function stageOf(state: Pick<CaState, 'phase' | 'since'>): string {
  return `${state.phase} ${state.since ?? ''}`.trim();
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((member) => other.includes(member));
}

/** Why a host has not followed, as a clause; undefined when it has. */
export function lagOf(follower: Follower | undefined, need: Need): string | undefined {
  if (!follower) return 'it was not asked yet';
  const { stage, state, error } = follower;
  if (error !== null) return error;
  if (stage !== need.stage || !state) return 'it was not asked in this phase yet';
  if (need.issuer !== undefined && state.certificate_issuer !== need.issuer) {
    if (!state.renewing) return 'its certificate is from the other CA; it renews at the next contact';
    return state.renewal_error === undefined
      ? 'it renews its certificate now'
      : `it tries again to renew its certificate, because this failed: ${state.renewal_error}`;
  }
  if (!sameSet(state.roots, need.roots)) return 'it does not trust the CAs it should trust yet';
  if (!need.accepts.every((key) => state.accepted_issuers.includes(key))) {
    return 'it does not accept the manager from the new CA yet';
  }
  return undefined;
}
