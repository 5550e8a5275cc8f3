import { VERSION } from '@linux-patch/contract';
import { readIdentityMeta } from '../certificates/identity-meta.ts';
import { storeFolder } from '../certificates/paths.ts';
import { pendingPlaces } from '../enrollment/pending.ts';
import { type EnrollmentView, readEnrollmentView } from '../enrollment/view.ts';
import type { AgentContext } from '../start/agent-context.ts';
import { identityStatus } from '../start/enrolling.ts';

/** Exit codes of `status`, for scripts. */
const STATUS_EXIT = { valid: 0, enrolling: 3, needsPerson: 4 } as const;
const DAY_MS = 86_400_000;

/** What `status --json` prints. */
interface StatusReport {
  readonly version: string;
  readonly config_file: string;
  readonly manager_url: string | null;
  readonly identity: {
    readonly status: string;
    readonly message: string;
    readonly serial: string | null;
    readonly subject: string | null;
    readonly issuer: string | null;
    readonly fingerprint: string | null;
    readonly not_before: string | null;
    readonly not_after: string | null;
    readonly days_left: number | null;
    readonly trust: string;
    readonly key_origin: string;
  };
  readonly enrollment: EnrollmentView | null;
}

async function collect(context: AgentContext): Promise<StatusReport> {
  const identity = await identityStatus(context);
  const meta = await readIdentityMeta(context.files, context.certificates);
  const facts = 'facts' in identity ? identity.facts : undefined;
  const places = pendingPlaces(context.paths.dataFolder, storeFolder(context.certificates));
  return {
    version: VERSION,
    config_file: context.configFile,
    manager_url: context.config.enrollment.manager_url ?? null,
    identity: {
      status: identity.status,
      message: identity.message,
      serial: facts?.serialHex ?? null,
      subject: facts?.subject ?? null,
      issuer: facts?.issuer ?? null,
      fingerprint: facts?.fingerprint ?? null,
      not_before: facts ? new Date(facts.notBeforeMs).toISOString() : null,
      not_after: facts ? new Date(facts.notAfterMs).toISOString() : null,
      days_left: facts ? Math.floor((facts.notAfterMs - context.clock.now()) / DAY_MS) : null,
      trust: meta.trust,
      key_origin: meta.key_origin,
    },
    enrollment: (await readEnrollmentView(context.files, places)) ?? null,
  };
}

function minutesSince(iso: string, nowMs: number): string {
  return `${Math.max(0, Math.round((nowMs - Date.parse(iso)) / 60_000))} min`;
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  starting: 'starting',
  registering: 'asking to join',
  waiting: 'waiting for approval',
  installing: 'installing certificates',
  needs_person: 'needs a person',
  retrying: 'trying again',
};

function enrollmentLines(enrollment: EnrollmentView, nowMs: number): string[] {
  return [
    `Enrolment    ${STATE_WORDS[enrollment.state] ?? enrollment.state} at ${enrollment.manager_url} (${minutesSince(enrollment.waiting_since, nowMs)})`,
    `Key id       ${enrollment.key_id}`,
    ...(enrollment.host_code
      ? [`Host code    ${enrollment.host_code}   (type it on the manager to approve this host)`]
      : []),
    ...(enrollment.last_poll_at ? [`Last answer  ${minutesSince(enrollment.last_poll_at, nowMs)} ago`] : []),
    ...(enrollment.last_error ? [`Last error   ${enrollment.last_error}`] : []),
  ];
}

function render(report: StatusReport, nowMs: number): string {
  const { identity, enrollment } = report;
  return [
    `Version      ${report.version}`,
    `Manager      ${report.manager_url ?? 'none (enrollment.manager_url is not set)'}`,
    `Identity     ${identity.status}: ${identity.message}`,
    ...(identity.not_after ? [`Valid until  ${identity.not_after} (${identity.days_left} days left)`] : []),
    ...(identity.serial
      ? [
          `Serial       ${identity.serial}`,
          `Trust        ${identity.trust}, key made by: ${identity.key_origin}`,
        ]
      : []),
    ...(enrollment ? enrollmentLines(enrollment, nowMs) : []),
    '',
  ].join('\n');
}

/** `status`: shows identity and enrolment; returns the exit code. */
export async function showStatus(context: AgentContext, json: boolean): Promise<number> {
  const report = await collect(context);
  context.stdout(json ? `${JSON.stringify(report, null, 2)}\n` : render(report, context.clock.now()));
  if (report.identity.status === 'valid' || report.identity.status === 'expiring_soon')
    return STATUS_EXIT.valid;
  return report.enrollment && report.enrollment.state !== 'needs_person'
    ? STATUS_EXIT.enrolling
    : STATUS_EXIT.needsPerson;
}
