import type { Health, IdentityTrouble, PolicyOperation } from '@linux-patch/contract';
import type { RenewalState } from '../identity/renewal/state.ts';
import type { CrlStatus } from '../identity/revocation/state.ts';
import type { IdentityState } from '../identity/service.ts';
import { identityProblems } from './problems.ts';

/** What the parts that own configuration and certificates say about them. Instants are epoch milliseconds. */
export interface IdentityHealth {
  /** `ok`, or what is wrong. */
  readonly config: string;
  readonly certificates: string;
  /** The same as a code; absent where there is nothing to say. */
  readonly trouble?: IdentityTrouble | undefined;
  /** `ok`, or what is wrong with this host's clock. */
  readonly clock?: string;
  /** `ok`, or why the allow list on disk is not in force, or is not safe. */
  readonly allowList?: string;
  /** `ok`, or why the policy of the host denies every change. */
  readonly policy?: string;
  /** What that lets managers ask for; undefined where nobody could look at it. */
  readonly allowedOperations?: readonly PolicyOperation[] | undefined;
  readonly certificateNotAfterMs: number | null;
  readonly crl: {
    readonly status: CrlStatus;
    readonly thisUpdateMs: number | undefined;
    readonly nextUpdateMs: number | undefined;
    readonly number?: bigint | undefined;
  };
  readonly identityTrust: Health['identity_trust'];
  readonly keyOrigin: Health['key_origin'];
  /** Undefined where nothing is renewed. */
  readonly renewal?: RenewalHealth | undefined;
}

/** How the renewal of the certificate fares. */
interface RenewalHealth extends Pick<RenewalState, 'alarm' | 'dueMs' | 'nextAttemptMs'> {
  /** Time since the loop that renews ran last. */
  readonly loopAgeMs: number;
}

/** What health and metrics say about the identity. */
export function identityHealth(config: string, state: IdentityState): IdentityHealth {
  const { identity, list, renewal, loopAgeMs = 0 } = state;
  const worst = identityProblems(state).find((one) => one.trouble !== undefined);
  return {
    config,
    certificates: worst?.message ?? 'ok',
    trouble: worst?.trouble,
    certificateNotAfterMs: identity.facts?.notAfterMs ?? null,
    crl: list,
    identityTrust: identity.meta.trust,
    keyOrigin: identity.meta.key_origin,
    renewal: renewal && { ...renewal, loopAgeMs },
  };
}
