import type { RevocationState } from '../http/revocation.ts';
import type { IdentityHealth, RenewalHealth } from '../http/routes/health.ts';
import { PULSE_LIMIT_MS } from '../start/pulse.ts';
import { factsOf, type HeldIdentity } from './held-identity.ts';
import { MANAGER_MADE_KEY } from './rekey.ts';
import { revokedMessage } from './revocations.ts';

interface Sources {
  readonly config: string;
  readonly held: HeldIdentity;
  /** Why the files on disk are not those in use. */
  readonly refused: string | undefined;
  readonly crl: RevocationState;
  /** Why the manager revoked this certificate. */
  readonly revokedFor: string | undefined;
  readonly renewal:
    | (Omit<RenewalHealth, 'keeperAgeMs'> & { readonly trouble: string | undefined })
    | undefined;
  /** Undefined before the loop began and after it ended. */
  readonly keeperAgeMs: number | undefined;
}

/** What health and metrics say about the identity. */
export function identityHealth(sources: Sources): IdentityHealth {
  const { config, held, crl, renewal, keeperAgeMs = 0 } = sources;
  return {
    config,
    certificates: certificatesCheck(sources),
    certificateNotAfterMs: factsOf(held)?.notAfterMs ?? null,
    crl,
    identityTrust: held.meta.trust,
    keyOrigin: held.meta.key_origin,
    renewal: renewal && {
      alarm: renewal.alarm,
      dueMs: renewal.dueMs,
      nextAttemptMs: renewal.nextAttemptMs,
      keeperAgeMs,
    },
  };
}

/** The most urgent thing that is wrong; `ok` when nothing is. */
function certificatesCheck({ held, refused, revokedFor, renewal, keeperAgeMs = 0 }: Sources): string {
  if (revokedFor !== undefined) return revokedMessage(factsOf(held)?.serialHex ?? '', revokedFor);
  if (keeperAgeMs > PULSE_LIMIT_MS) {
    const minutes = Math.floor(keeperAgeMs / 60_000);
    return `the loop that renews the certificate has not run for ${minutes} min; restart the agent: systemctl restart linux-patch-api`;
  }
  if (renewal?.trouble !== undefined) return renewal.trouble;
  if (refused !== undefined) return `the certificates on disk were changed and are not used: ${refused}`;
  if (held.meta.trust === 'tofu') return 'the manager was believed without proof (enrollment.trust: tofu)';
  if (held.meta.key_origin === 'manager') return MANAGER_MADE_KEY;
  return held.status.status === 'valid' ? 'ok' : held.status.message;
}
