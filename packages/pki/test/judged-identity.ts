import { testAuthority } from '../src/testing/index.ts';
import type { Expectation } from '../src/validator/candidate.ts';
import { validateIdentity } from '../src/validator/validate.ts';

export const DAY_MS = 86_400_000;
export const NOW = Date.UTC(2026, 5, 1);
export const CA = '/etc/linux_patch_api/certs/ca.pem';
export const CERTIFICATE = '/etc/linux_patch_api/certs/server.pem';
export const KEY = '/etc/linux_patch_api/certs/server.key.pem';

/** A CA, and an identity of it that is whole. */
export const authority = await testAuthority({ now: NOW });
export const agent = await authority.issueAgent();

/** What is odd about an identity that is whole otherwise, or about the time at which it is judged. */
export interface Change extends Partial<Pick<Expectation, 'now' | 'thresholdDays' | 'expectedNames'>> {
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/** Judges that identity as the agent does when it starts, save for what is odd. */
export function validate(change: Change = {}): ReturnType<typeof validateIdentity> {
  const texts = {
    ca: authority.caPem,
    certificate: agent.certificatePem,
    key: agent.privateKeyPem,
    ...change,
  };
  const candidate = {
    ca: { path: CA, text: texts.ca },
    certificate: { path: CERTIFICATE, text: texts.certificate },
    key: { path: KEY, text: texts.key },
  };
  return validateIdentity(candidate, { occasion: 'start', now: NOW, thresholdDays: 7, ...change });
}

export const check = (change: Change = {}) => validate(change).status;
