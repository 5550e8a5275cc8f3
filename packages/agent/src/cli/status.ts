import type { AgentStatus, JobKeyWay } from '@linux-patch/contract';
import { printableLine } from '@linux-patch/runtime';
import type { AgentContext } from '../app/agent-context.ts';
import { span } from '../clock/state.ts';
import { verdictWords } from '../enrollment/trust/join-verdict.ts';
import { isUsable } from '../identity/identity.ts';
import { EXAMINED_EXIT } from './exit-codes.ts';
import { collectStatus } from './status-report.ts';

/** What the running agent moves on when it comes. */
function nextTry(iso: string, nowMs: number): string {
  return `${iso}${Date.parse(iso) < nowMs ? ' (overdue: does the agent run?)' : ''}`;
}

function validityWords({ not_after: end, days_left: days }: AgentStatus['identity']): string {
  return days !== null && days < 0 ? `${end} (expired)` : `${end} (${days} days left)`;
}

function nextListWords(iso: string, nowMs: number): string {
  return Date.parse(iso) < nowMs ? `, the next list should have come by ${iso}` : `, next list by ${iso}`;
}

function since(iso: string, nowMs: number): string {
  return `${span(Math.max(0, nowMs - Date.parse(iso)))} ago`;
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  starting: 'starting',
  registering: 'asking to join',
  waiting: 'waiting for approval',
  installing: 'installing certificates',
  needs_person: 'needs a person',
  retrying: 'trying again',
};

const PROOF_WORDS: Readonly<Record<string, string>> = {
  ca_file: 'enrollment.ca_file',
  pin: 'the pinned CA',
  pin_later: 'the pinned CA, compared when it comes',
  system: "the system's CAs",
  code: 'the host code, typed at approval',
  tofu: 'nothing (enrollment.trust: tofu)',
};

function proofWords({
  by,
  issuer,
}: NonNullable<NonNullable<AgentStatus['enrollment']>['manager_proof']>): string {
  return `${PROOF_WORDS[by] ?? by}${issuer ? `; "${issuer}" vouches for the connection` : ''}`;
}

function enrollmentLines(enrollment: NonNullable<AgentStatus['enrollment']>, nowMs: number): string[] {
  const { next_attempt_at: next } = enrollment;
  return [
    `Enrolment    ${STATE_WORDS[enrollment.state] ?? enrollment.state} at ${enrollment.manager_url} (${span(enrollment.waiting_seconds * 1_000)})`,
    `Key id       ${enrollment.key_id}`,
    ...(enrollment.host_code
      ? [`Host code    ${enrollment.host_code}   (type it on the manager to approve this host)`]
      : []),
    ...(enrollment.join_token?.verdict
      ? [`Join token   ${enrollment.join_token.id}: ${verdictWords(enrollment.join_token.verdict)}`]
      : []),
    ...(enrollment.manager_proof ? [`Manager by   ${proofWords(enrollment.manager_proof)}`] : []),
    ...(enrollment.last_poll_at ? [`Last answer  ${since(enrollment.last_poll_at, nowMs)}`] : []),
    ...(next ? [`Next try     ${nextTry(next, nowMs)}`] : []),
    ...(enrollment.last_error ? [`Last error   ${enrollment.last_error}`] : []),
  ];
}

function identityLines({ identity, renewal, crl }: AgentStatus, nowMs: number): string[] {
  const renewing = renewal && (renewal.due ? `due since ${renewal.due_at}` : renewal.due_at);
  return [
    `Identity     ${identity.revoked ? 'revoked' : identity.status}: ${identity.message}`,
    ...(identity.not_after ? [`Valid until  ${validityWords(identity)}`] : []),
    ...(identity.serial
      ? [
          `Serial       ${identity.serial}`,
          `Trust        ${identity.trust}${identity.trust_issuer ? ` ("${identity.trust_issuer}")` : ''}, key made by: ${identity.key_origin}`,
        ]
      : []),
    ...(identity.manager_client ? [`May call     ${identity.manager_client}`] : []),
    ...(renewing ? [`Renewal      ${renewing}`] : []),
    ...(renewal?.due && renewal.next_attempt_at
      ? [`Next attempt ${nextTry(renewal.next_attempt_at, nowMs)}`]
      : []),
    ...(crl
      ? [`Revocations  ${crl.status}${crl.next_update ? nextListWords(crl.next_update, nowMs) : ''}`]
      : []),
  ];
}

const PINNED_BY: Readonly<Record<JobKeyWay, string>> = {
  join: 'certified by the CA that the join string pins',
  first_sight: 'the first that the manager offered',
  root: 'root of this host said so',
};

function jobKeyWords({ job_key: key }: AgentStatus): string {
  if (key === null) return 'unknown; nothing is changed for others until that is mended';
  const by = key.by === null ? '' : ` (${PINNED_BY[key.by]})`;
  if (key.pinned !== null) return `${key.pinned}${by}`;
  return `none${by}: changes NEED NO SIGNATURE; whoever has the manager's TLS key can change packages`;
}

function render(report: AgentStatus): string {
  const nowMs = Date.parse(report.clock.now);
  const { enrollment, agent } = report;
  return [
    `Version      ${report.version}`,
    `Agent        ${agent.running ? `running (process ${agent.pids.join(', ')})` : 'not running'}`,
    `Manager      ${report.manager_url ?? 'none (enrollment.manager_url is not set)'}`,
    ...(report.manager_addresses.length > 0
      ? [`Calls from   ${report.manager_addresses.join(', ')}   (learned when this host joined)`]
      : []),
    ...identityLines(report, nowMs),
    `Job key      ${jobKeyWords(report)}`,
    ...(report.clock.message ? [`Clock        ${report.clock.state}: ${report.clock.message}`] : []),
    ...(enrollment ? enrollmentLines(enrollment, nowMs) : []),
    ...troubleLines(report),
    '',
  ]
    .map(printableLine)
    .join('\n');
}

/** What is not as it should be, and what to do. A host that simply waits for approval is as it should be. */
function troubleLines({ degraded, enrollment, identity, clock }: AgentStatus): string[] {
  const waits = enrollment?.state === 'waiting' && degraded.some((one) => one.code === 'ENROLLMENT_WAITING');
  const troubles = waits
    ? degraded.filter((one) => one.code !== 'ENROLLMENT_WAITING' && one.message !== identity.message)
    : degraded;
  // What stands above already is not said twice.
  const said = new Set([identity.message, clock.message, enrollment?.last_error]);
  return [
    ...troubles.map((one) => `Degraded     ${one.code}${said.has(one.message) ? '' : `: ${one.message}`}`),
    ...(waits && enrollment
      ? [`What to do:  on the manager: linux-patch-manager enrollments approve ${enrollment.key_id}`]
      : []),
    ...(troubles.length > 0 ? ['What to do:  linux-patch-api doctor'] : []),
  ];
}

/** `status`: shows identity and enrolment; returns the exit code. */
export async function showStatus(
  context: Pick<AgentContext, 'host' | 'settings' | 'place' | 'enrollment' | 'time' | 'program'>,
  json: boolean,
): Promise<number> {
  const report = await collectStatus(context);
  context.program.stdout(json ? `${JSON.stringify(report, null, 2)}\n` : render(report));
  const { revoked } = report.identity;
  if (isUsable(report.identity) && !revoked) return EXAMINED_EXIT.well;
  return report.enrollment && report.enrollment.state !== 'needs_person'
    ? EXAMINED_EXIT.underWay
    : EXAMINED_EXIT.needsPerson;
}
