import { isPatchError, messageOf } from '@linux-patch/contract';
import { type IdentityStatus, isRenewalDue } from '@linux-patch/pki';
import { normalizeManagerUrl } from '../config/manager-url.ts';
import type { EnrollProgress } from '../enrollment/settings.ts';
import { verdictWords } from '../enrollment/trust/join-verdict.ts';
import { findForeignIdentity } from '../identity/foreign-identity.ts';
import { isUsable } from '../identity/identity.ts';
import { renewableOf } from '../identity/renewal/policy.ts';
import { readIdentityMeta } from '../identity/store/identity-meta.ts';
import { findIdentity, type IdentityPlace, identityStatus } from '../identity/store/read.ts';
import { type AgentContext, EXIT } from './agent-context.ts';
import { enrollmentSummary, enrolWith } from './enrolling.ts';
import { codeOfStop } from './follow-configuration.ts';
import { deniedGuidance, unfinishedGuidance } from './guidance.ts';
import { renewerOf } from './identity.ts';

/** Prints the host code once the manager has a request that it fits. */
function codePrinter(
  context: Pick<AgentContext, 'host' | 'enrollment' | 'report' | 'program'>,
): (progress: EnrollProgress) => void {
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
      context.program.stdout(
        `Waiting for approval at ${progress.managerUrl}\n${token}Key id     ${progress.keyId}\n${code}`,
      );
    };
    show().catch((error: unknown) =>
      context.report.logger.warn('The host code could not be shown', { error }),
    );
  };
}

/** `--enroll URL`: enrols and ends; never binds a port. Returns the exit code. */
export async function enrollOnce(context: AgentContext, url: string): Promise<number> {
  const { stdout, stderr } = context.program;
  const read = normalizeManagerUrl(url);
  if ('fault' in read) {
    stderr(`linux-patch-api: --enroll ${url}: ${read.fault}\n`);
    return EXIT.error;
  }
  if (read.url.startsWith('http:') && !context.settings.config.enrollment.allow_plain_http) {
    stderr(
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
      const identity = await identityStatus(context.place);
      stdout(`Enrolled with ${read.url}. ${identity.message}\n`);
      return isUsable(identity) ? EXIT.clean : EXIT.error;
    }
    case 'denied':
      stderr(`${deniedGuidance(read.url, outcome.reason)}\n`);
      return EXIT.error;
    case 'stopped':
      return codeOfStop(context, EXIT.error, () =>
        stderr(`${unfinishedGuidance(read.url, 'it was stopped')}\n`),
      );
    case 'gave_up':
    case 'failed':
      stderr(`linux-patch-api: ${outcome.message}\n`);
      return EXIT.error;
  }
}

/** `--renew-certs`: checks, renews or enrols when needed, and ends. Returns the exit code. */
export async function renewOnce(context: AgentContext): Promise<number> {
  const { host, place, settings, program } = context;
  const foreign = await findForeignIdentity(place, host.root);
  const own = await identityStatus(place);
  const identity = foreign ?? own;
  const need = foreign ? 'new identity' : await needOf(place, own);
  if (need === 'none') {
    program.stdout(`Nothing to renew: ${identity.message}\n`);
    return EXIT.clean;
  }
  const { manager_url: configured } = settings.config.enrollment;
  const url = configured ?? (await readIdentityMeta(place.files, place.paths)).manager_url;
  if (!url) {
    program.stderr(
      `linux-patch-api: the certificates need renewal (${identity.status}): ${identity.message}\n` +
        `enrollment.manager_url is not set in ${settings.configFile}, so nobody can be asked. Set it and run this again.\n`,
    );
    return EXIT.error;
  }
  const renewed = need === 'new identity' ? 'refused' : await tryRenewal(context, url);
  if (renewed === 'renewed') return EXIT.clean;
  // What still works for weeks is not put in question because the manager cannot be reached now.
  if (renewed === 'failed' && identity.status === 'valid') return EXIT.error;
  program.stderr(`Enrolling anew with ${url}.\n`);
  return enrollOnce(context, url);
}

type Need = 'none' | 'renewal' | 'new identity';

/** An expired certificate still proves who this host is, and the manager may renew it. */
async function needOf(place: IdentityPlace, identity: IdentityStatus): Promise<Need> {
  switch (identity.status) {
    case 'expiring_soon':
    case 'expired':
      return 'renewal';
    case 'valid': {
      const found = await findIdentity(place);
      const renewable = found && renewableOf(found, place.thresholdDays);
      return renewable && isRenewalDue(renewable.policy, place.clock.now()) ? 'renewal' : 'none';
    }
    case 'missing':
    case 'corrupt':
    case 'not_yet_valid':
    case 'key_mismatch':
    case 'untrusted':
      return 'new identity';
  }
}

async function tryRenewal(
  context: Pick<AgentContext, 'settings' | 'place' | 'time' | 'report' | 'program'>,
  url: string,
): Promise<'renewed' | 'refused' | 'failed'> {
  const { stdout, stderr } = context.program;
  try {
    const outcome = await renewerOf(context)({ managerUrl: url });
    if (outcome.kind === 'renewed') {
      stdout(`Renewed; the new certificate is valid until ${new Date(outcome.notAfterMs).toISOString()}.\n`);
      return 'renewed';
    }
    stderr(`The manager does not renew this certificate: ${outcome.message}\n`);
    return 'refused';
  } catch (error) {
    if (!isPatchError(error)) throw error;
    stderr(`linux-patch-api: the renewal failed: ${messageOf(error)}\n`);
    return 'failed';
  }
}
