import { isPatchError, messageOf } from '@linux-patch/contract';
import { storeFolder } from '../certificates/paths.ts';
import { normalizeManagerUrl } from '../config/manager-url.ts';
import { pendingPlaces } from '../enrollment/pending.ts';
import { renewIdentity } from '../enrollment/renew.ts';
import type { EnrollProgress } from '../enrollment/settings.ts';
import { readEnrollmentView } from '../enrollment/view.ts';
import { type AgentContext, EXIT } from './agent-context.ts';
import { enrolWith, identityStatus } from './enrolling.ts';
import { findForeignIdentity } from './foreign-identity.ts';
import { deniedGuidance, unfinishedGuidance } from './guidance.ts';

/** Prints the host code once the manager has a request that it fits. */
function codePrinter(context: AgentContext): (progress: EnrollProgress) => void {
  const places = pendingPlaces(context.paths.dataFolder, storeFolder(context.certificates));
  let printed: string | undefined;
  return (progress) => {
    if (progress.state !== 'waiting' || printed === progress.keyId) return;
    printed = progress.keyId;
    void readEnrollmentView(context.files, places).then((view) => {
      const code = view?.host_code ? `Host code  ${view.host_code}\n` : '';
      context.stdout(`Waiting for approval at ${progress.managerUrl}\nKey id     ${progress.keyId}\n${code}`);
    });
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
      context.stderr(`${unfinishedGuidance(read.url, 'it was stopped')}\n`);
      return EXIT.error;
    case 'gave_up':
    case 'failed':
      context.stderr(`linux-patch-api: ${outcome.message}\n`);
      return EXIT.error;
  }
}

/** `--renew-certs`: checks, renews or enrols when needed, and ends. Returns the exit code. */
export async function renewOnce(context: AgentContext): Promise<number> {
  const foreign = await findForeignIdentity(context);
  const identity = foreign ?? (await identityStatus(context));
  if (identity.status === 'valid') {
    context.stdout(`Nothing to renew: ${identity.message}\n`);
    return EXIT.clean;
  }
  const url = context.config.enrollment.manager_url;
  if (url === undefined) {
    context.stderr(
      `linux-patch-api: the certificates need renewal (${identity.status}): ${identity.message}\n` +
        `enrollment.manager_url is not set in ${context.configFile}, so nobody can be asked. Set it and run this again.\n`,
    );
    return EXIT.error;
  }
  if (identity.status === 'expiring_soon' && (await tryRenewal(context, url))) return EXIT.clean;
  return enrollOnce(context, url);
}

async function tryRenewal(context: AgentContext, url: string): Promise<boolean> {
  try {
    const outcome = await renewIdentity({
      files: context.files,
      clock: context.clock,
      random: context.random,
      audit: (event, fields = {}) => context.audit.record(event, fields),
      paths: context.certificates,
      managerUrl: new URL(url),
      proxyFor: context.proxyFor,
      signal: context.signal,
    });
    if (outcome.kind === 'renewed') {
      context.stdout(
        `Renewed; the new certificate is valid until ${new Date(outcome.notAfterMs).toISOString()}.\n`,
      );
      return true;
    }
    context.stderr(`The manager does not renew this certificate (${outcome.message}); enrolling anew.\n`);
  } catch (error) {
    if (!isPatchError(error)) throw error;
    context.stderr(`The renewal failed: ${messageOf(error)} Enrolling anew.\n`);
  }
  return false;
}
