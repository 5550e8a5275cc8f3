import type { IdentityTrouble } from '@linux-patch/contract';
import { LIVENESS_LIMIT_MS } from '../identity/liveness.ts';
import { FORKED, MANAGER_MADE_KEY } from '../identity/renewal/messages.ts';
import type { RenewalState } from '../identity/renewal/state.ts';
import { revokedMessage } from '../identity/revocation/in-force.ts';
import type { RevocationState } from '../identity/revocation/state.ts';
import type { IdentityState } from '../identity/service.ts';

/** The doctor's codes for what may be wrong with an identity in use. */
type IdentityProblemCode =
  | 'OWN_CERT_REVOKED'
  | 'IDENTITY_FORKED'
  | 'RENEWAL_FAILING'
  | 'RENEWAL_OVERDUE'
  | 'TRUST_TOFU'
  | 'KEY_MADE_BY_MANAGER'
  | 'CRL_EXPIRED'
  | 'CRL_MISSING'
  | 'CRL_FOREIGN'
  | 'CRL_UNREADABLE';

/** Something that is not as it should be with the identity in use. */
export interface IdentityProblem {
  /** Undefined for what only the running agent knows, and for what the validator says, which has codes of its own. */
  readonly code: IdentityProblemCode | undefined;
  /** What health says; undefined where it is no trouble of the certificate, or not worth an alarm yet. */
  readonly trouble: IdentityTrouble | undefined;
  readonly message: string;
}

/** Everything that is wrong with an identity, the most urgent first: the one place that health, `status` and the doctor ask. */
export function identityProblems(state: IdentityState): IdentityProblem[] {
  const { identity, refused, revokedFor, renewal, list, loopAgeMs = 0 } = state;
  const problems: (IdentityProblem | undefined)[] = [
    revokedFor === undefined
      ? undefined
      : {
          code: 'OWN_CERT_REVOKED',
          trouble: 'revoked',
          message: revokedMessage(identity.facts?.serialHex ?? '', revokedFor),
        },
    stalledProblem(loopAgeMs),
    renewal && renewalProblem(renewal),
    refused === undefined
      ? undefined
      : {
          code: undefined,
          trouble: 'files_refused',
          message: `the certificates on disk were changed and are not used: ${refused}`,
        },
    identity.meta.trust === 'tofu'
      ? {
          code: 'TRUST_TOFU',
          trouble: 'believed_without_proof',
          message: 'the manager was believed without proof (enrollment.trust: tofu)',
        }
      : undefined,
    identity.meta.key_origin === 'manager'
      ? { code: 'KEY_MADE_BY_MANAGER', trouble: 'key_made_by_manager', message: MANAGER_MADE_KEY }
      : undefined,
    identity.status.status === 'valid'
      ? undefined
      : { code: undefined, trouble: 'certificate', message: identity.status.message },
    listProblem(list),
  ];
  return problems.filter((one) => one !== undefined);
}

function stalledProblem(loopAgeMs: number): IdentityProblem | undefined {
  if (loopAgeMs <= LIVENESS_LIMIT_MS) return undefined;
  const minutes = Math.floor(loopAgeMs / 60_000);
  const message = `the loop that renews the certificate has not run for ${minutes} min; restart the agent: systemctl restart linux-patch-api`;
  return { code: undefined, trouble: 'renewal_stalled', message };
}

function renewalProblem({ forked, lastError, overdue }: RenewalState): IdentityProblem | undefined {
  if (forked) return { code: 'IDENTITY_FORKED', trouble: 'renewal_failing', message: FORKED };
  const trouble = overdue === undefined ? undefined : 'renewal_failing';
  if (lastError !== undefined) return { code: 'RENEWAL_FAILING', trouble, message: overdue ?? lastError };
  return overdue === undefined ? undefined : { code: 'RENEWAL_OVERDUE', trouble, message: overdue };
}

/** Health shows the status of the list by itself. */
function listProblem({ status, message, foreign }: RevocationState): IdentityProblem | undefined {
  switch (status) {
    case 'valid':
    case 'degraded':
      return undefined;
    case 'expired':
      return { code: 'CRL_EXPIRED', trouble: undefined, message };
    case 'missing':
      return { code: 'CRL_MISSING', trouble: undefined, message };
    case 'invalid':
      return { code: foreign ? 'CRL_FOREIGN' : 'CRL_UNREADABLE', trouble: undefined, message };
  }
}
