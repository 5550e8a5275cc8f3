import { isPatchError, messageOf } from '@linux-patch/contract';
import { type IdentityStatus, isRenewalDue } from '@linux-patch/pki';
import { normalizeManagerUrl } from '../config/manager-url.ts';
import type { EnrollProgress } from '../enrollment/settings.ts';
import { verdictWords } from '../enrollment/trust/join-verdict.ts';
import { findForeignIdentity } from '../identity/foreign-identity.ts';
import { renewableOf } from '../identity/renewal/policy.ts';
import { readIdentityMeta } from '../identity/store/identity-meta.ts';
import { type AgentContext, EXIT } from './agent-context.ts';
import { enrollmentSummary, enrolWith } from './enrolling.ts';
import { codeOfStop } from './follow-configuration.ts';
import { deniedGuidance, unfinishedGuidance } from './guidance.ts';
import { renewerOf } from './identity.ts';
import { identityPlaceOf, identityStatus } from './identity-place.ts';

/** Prints the host code once the manager has a request that it fits. */
function codePrinter(context: AgentContext): (progress: EnrollProgress) => void {
  let printed: string | undefined;
  return (progress) => {
    if (progress.state !== 'waiting' || printed === progress.keyId || progress.joinToken === 'accepted')
      return;
    printed = progress.keyId;
    const show = async (): Promise<void> => {
      const view = await enrollmentSummary(context);
      const code = view?.host_code ? `Host code  ${view.host_code}\n` : '';
      const verdict = view?.join_token?.verdict;
      const token = verdict ? `Join token ${view.join_token?.id} refused: ${verdictWords(verdict)}\n` : '';
      context.stdout(
        `Waiting for approval at ${progress.managerUrl}\n${token}Key id     ${progress.keyId}\n${code}`,
      );
    };
    show().catch((error: unknown) => context.logger.warn('The host code could not be shown', { error }));
  };
}

/** `--enroll URL`: enrols and ends; never binds a port. Returns the exit code. */
export async function enrollOnce(context: AgentContext, url: string): Promise<number> {
  const read = normalizeManagerUrl(url);
  if ('fault' in read) {
    context.stderr(`linux-patch-api: --enroll ${url}: ${read.fault}\n`);
    return EXIT.error;
  }
  if (read.url.startsWith('http:') && !context.config.enrollment.allow_plain_http) {
    context.stderr(
      'linux-patch-api: an http:// manager is refused unless enrollment.allow_plain_http is true; use https://\n',
    );
    return EXIT.error;
  }
  const outcome = await enrolWith(context, {
    managerUrl: read.url,
    mode: 'once',
    onProgress: codePrinter(context),
  });
  switch (outcome.kind) {
    case 'installed': {
      const identity = await identityStatus(context);
      context.stdout(`Enrolled with ${read.url}. ${identity.message}\n`);
      return identity.status === 'valid' || identity.status === 'expiring_soon' ? EXIT.clean : EXIT.error;
    }
    case 'denied':
      context.stderr(`${deniedGuidance(read.url, outcome.reason)}\n`);
      return EXIT.error;
    case 'stopped':
      return codeOfStop(context, EXIT.error, () =>
        context.stderr(`${unfinishedGuidance(read.url, 'it was stopped')}\n`),
      );
    case 'gave_up':
    case 'failed':
      context.stderr(`linux-patch-api: ${outcome.message}\n`);
      return EXIT.error;
  }
}

/** `--renew-certs`: checks, renews or enrols when needed, and ends. Returns the exit code. */
export async function renewOnce(context: AgentContext): Promise<number> {
  const foreign = await findForeignIdentity(identityPlaceOf(context), context.root);
  const own = await identityStatus(context);
  const identity = foreign ?? own;
  const need = foreign ? 'new identity' : await needOf(context, own);
  if (need === 'none') {
    context.stdout(`Nothing to renew: ${identity.message}\n`);
    return EXIT.clean;
  }
  const { manager_url: configured } = context.config.enrollment;
  const url = configured ?? (await readIdentityMeta(context.files, context.certificates)).manager_url;
  if (!url) {
    context.stderr(
      `linux-patch-api: the certificates need renewal (${identity.status}): ${identity.message}\n` +
        `enrollment.manager_url is not set in ${context.configFile}, so nobody can be asked. Set it and run this again.\n`,
    );
    return EXIT.error;
  }
  const renewed = need === 'new identity' ? 'refused' : await tryRenewal(context, url);
  if (renewed === 'renewed') return EXIT.clean;
  // What still works for weeks is not put in question because the manager cannot be reached now.
  if (renewed === 'failed' && identity.status === 'valid') return EXIT.error;
  context.stderr(`Enrolling anew with ${url}.\n`);
  return enrollOnce(context, url);
}

type Need = 'none' | 'renewal' | 'new identity';

/** An expired certificate still proves who this host is, and the manager may renew it. */
async function needOf(context: AgentContext, identity: IdentityStatus): Promise<Need> {
  switch (identity.status) {
    case 'expiring_soon':
    case 'expired':
      return 'renewal';
    case 'valid': {
      const { facts } = identity;
      const meta = await readIdentityMeta(context.files, context.certificates);
      const renewable = renewableOf({ facts, meta }, context.config.enrollment.cert_renewal_threshold_days);
      return renewable && isRenewalDue(renewable.policy, context.clock.now()) ? 'renewal' : 'none';
    }
    case 'missing':
    case 'corrupt':
    case 'not_yet_valid':
    case 'key_mismatch':
    case 'untrusted':
      return 'new identity';
  }
}

async function tryRenewal(context: AgentContext, url: string): Promise<'renewed' | 'refused' | 'failed'> {
  try {
    const outcome = await renewerOf(context)({ managerUrl: url });
    if (outcome.kind === 'renewed') {
      context.stdout(
        `Renewed; the new certificate is valid until ${new Date(outcome.notAfterMs).toISOString()}.\n`,
      );
      return 'renewed';
    }
    context.stderr(`The manager does not renew this certificate: ${outcome.message}\n`);
    return 'refused';
  } catch (error) {
    if (!isPatchError(error)) throw error;
    context.stderr(`linux-patch-api: the renewal failed: ${messageOf(error)}\n`);
    return 'failed';
  }
}
