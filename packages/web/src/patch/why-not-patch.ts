import type { Host } from '@linux-patch/contract';

/** What a host says of its job key that lets no change of this manager through. */
const KEY_REASONS: Partial<Record<Host['job_key']['state'], string>> = {
  foreign:
    'takes changes from another job key than the one of this manager. As root there: linux-patch-api trust-job-key, with the fingerprint that "linux-patch-manager job-key show" says.',
  unreadable:
    'refuses every change: the job key that it pins cannot be read. As root there: linux-patch-api trust-job-key.',
};

/** Certificates with which nobody is asked for a change. */
const IDENTITY_REASONS: Partial<Record<Host['identity']['state'], string>> = {
  revoked: 'has a certificate that was revoked, and has to join again.',
  unreached: 'joined, and its agent was never reached. Look there with: linux-patch-api status.',
};

/** Why a host cannot be changed, by what is on record of it; undefined when it can be tried. */
export function whyNotPatch(
  host: Pick<Host, 'fqdn' | 'left_at' | 'identity' | 'job_key'>,
): string | undefined {
  const { fqdn, left_at, identity, job_key } = host;
  if (left_at !== null) return `${fqdn} has left; nobody can ask it.`;
  const reason = IDENTITY_REASONS[identity.state] ?? KEY_REASONS[job_key.state];
  return reason === undefined ? undefined : `${fqdn} ${reason}`;
}
