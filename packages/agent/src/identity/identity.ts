import { PatchError } from '@linux-patch/contract';
import { type IdentityFacts, type IdentityStatus, validateIdentity } from '@linux-patch/pki';
import type { AgentContext } from '../app/agent-context.ts';
import { identityStatus } from '../app/enrolling.ts';
import { renewalPolicyOf } from './renewal/policy.ts';
import type { Renewable } from './renewal/progress.ts';
import { type IdentityMeta, readIdentityMeta } from './store/identity-meta.ts';
import { type Material, readMaterial } from './store/material.ts';

/** An identity in use: one complete set, how it came about, and how it was judged last. */
export interface HeldIdentity {
  readonly material: Material;
  readonly meta: IdentityMeta;
  readonly status: IdentityStatus;
}

export function factsOf({ status }: HeldIdentity): IdentityFacts | undefined {
  return 'facts' in status ? status.facts : undefined;
}

/** The set on disk, whatever its state. @throws PatchError `CERT_MISSING` */
export async function readHeldIdentity(context: AgentContext): Promise<HeldIdentity> {
  return {
    material: await readMaterial(context.files, context.certificates),
    meta: await readIdentityMeta(context.files, context.certificates),
    status: await identityStatus(context),
  };
}

/** The set on disk. @throws PatchError with the code and reason of the first check that it fails. */
export async function readUsableIdentity(context: AgentContext): Promise<HeldIdentity> {
  const held = await readHeldIdentity(context);
  const { status } = held;
  if ('code' in status) throw new PatchError(status.code, status.message);
  return held;
}

/** The same identity, judged now; what lies on disk does not count. */
export function judgeAgain(context: AgentContext, held: HeldIdentity): HeldIdentity {
  const { certificates: paths, clock, config } = context;
  const { caPem, certificatePem, keyPem, crlPem } = held.material;
  const candidate = {
    ca: { path: paths.ca, text: caPem },
    certificate: { path: paths.certificate, text: certificatePem },
    key: { path: paths.key, text: keyPem },
    crl: { path: paths.crl, text: crlPem },
  };
  const thresholdDays = config.enrollment.cert_renewal_threshold_days;
  const { status } = validateIdentity(candidate, { occasion: 'start', now: clock.now(), thresholdDays });
  return { ...held, status };
}

/** Undefined when the certificate cannot be read. */
export function renewableOf(context: AgentContext, held: HeldIdentity): Renewable | undefined {
  const facts = factsOf(held);
  const thresholdDays = context.config.enrollment.cert_renewal_threshold_days;
  return facts && { serialHex: facts.serialHex, policy: renewalPolicyOf(facts, held.meta, thresholdDays) };
}
