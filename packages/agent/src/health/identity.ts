import type { Health, IdentityTrouble } from '@linux-patch/contract';
import { LIVENESS_LIMIT_MS } from '../identity/liveness.ts';
import { MANAGER_MADE_KEY } from '../identity/renewal/messages.ts';
import type { RenewalState } from '../identity/renewal/tracker.ts';
import { revokedMessage } from '../identity/revocation/in-force.ts';
import type { CrlStatus } from '../identity/revocation/state.ts';
import type { IdentityState } from '../identity/service.ts';

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
  const trouble = troubleOf(state);
  return {
    config,
    certificates: trouble?.words ?? 'ok',
    trouble: trouble?.code,
    certificateNotAfterMs: identity.facts?.notAfterMs ?? null,
    crl: list,
    identityTrust: identity.meta.trust,
    keyOrigin: identity.meta.key_origin,
    renewal: renewal && { ...renewal, loopAgeMs },
  };
}

interface Trouble {
  readonly code: IdentityTrouble;
  /** For people. */
  readonly words: string;
}

/** The most urgent thing that is wrong; undefined when nothing is. */
function troubleOf({
  identity,
  refused,
  revokedFor,
  renewal,
  loopAgeMs = 0,
}: IdentityState): Trouble | undefined {
  if (revokedFor !== undefined)
    return { code: 'revoked', words: revokedMessage(identity.facts?.serialHex ?? '', revokedFor) };
  if (loopAgeMs > LIVENESS_LIMIT_MS) {
    const minutes = Math.floor(loopAgeMs / 60_000);
    const words = `the loop that renews the certificate has not run for ${minutes} min; restart the agent: systemctl restart linux-patch-api`;
    return { code: 'renewal_stalled', words };
  }
  if (renewal?.trouble !== undefined) return { code: 'renewal_failing', words: renewal.trouble };
  if (refused !== undefined) {
    const words = `the certificates on disk were changed and are not used: ${refused}`;
    return { code: 'files_refused', words };
  }
  if (identity.meta.trust === 'tofu') {
    const words = 'the manager was believed without proof (enrollment.trust: tofu)';
    return { code: 'believed_without_proof', words };
  }
  if (identity.meta.key_origin === 'manager') return { code: 'key_made_by_manager', words: MANAGER_MADE_KEY };
  const { status, message } = identity.status;
  return status === 'valid' ? undefined : { code: 'certificate', words: message };
}
