import type { HostIdentityState, IdentityTrouble } from '@linux-patch/contract';
import { DAY_MS } from '@linux-patch/contract';

/** What is known about the identity of a host. Instants are epoch milliseconds. */
export interface IdentityKnowledge {
  readonly leftAtMs: number | null;
  /** The newest certificate that is not revoked; undefined when there is none. */
  readonly newest: { readonly notAfterMs: number; readonly renewAtMs: number | null } | undefined;
  /** Whether its agent was ever reached, and why not when it was last tried. */
  readonly reached: { readonly ever: boolean; readonly lastError: string | null };
  /** Serial of a certificate in force that two machines hold. */
  readonly forked: string | undefined;
  /** Serial of the certificate that whoever answers at its address showed, when it is not on record for this host. */
  readonly strangeSerial: string | undefined;
  /** Why its names get no certificate any more, as a clause. */
  readonly uncertifiable: string | undefined;
  /** `checks.certificates` of its health: `ok`, what is wrong, or undefined when it was never asked. */
  readonly agentSays: string | undefined;
  /** The same as a code; undefined from older agents, null when nothing is wrong. */
  readonly agentTrouble: string | null | undefined;
}

export interface IdentityVerdict {
  readonly state: HostIdentityState;
  readonly message: string | null;
}

/** With less left a person should look: the agent's own last attempts are under way. */
const EXPIRING_DAYS = 7;

/** How the identity of a host fares, the worst first. */
export function judgeIdentity(
  {
    leftAtMs,
    newest,
    reached,
    forked,
    strangeSerial,
    uncertifiable,
    agentSays,
    agentTrouble,
  }: IdentityKnowledge,
  nowMs: number,
): IdentityVerdict {
  const day = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 10);
  if (leftAtMs !== null) return { state: 'left', message: `The host left on ${day(leftAtMs)}.` };
  if (forked !== undefined) return { state: 'forked', message: forkedMessage(forked) };
  if (!newest) {
    const message =
      'Every certificate of this host is revoked; it is not called any more. If it shall come back, it asks to join again: approve it with its code.';
    return { state: 'revoked', message };
  }
  if (strangeSerial !== undefined)
    return { state: 'unknown_certificate', message: strangeMessage(strangeSerial) };
  const expired = newest.notAfterMs < nowMs;
  if (expired) {
    const message = `Its certificate expired on ${day(newest.notAfterMs)}. Is the host switched off? When it runs, "linux-patch-api status" on it says what it waits for.`;
    return { state: 'expired', message };
  }
  if (uncertifiable !== undefined)
    return { state: 'not_renewable', message: uncertifiableMessage(uncertifiable) };
  if (!reached.ever) return { state: 'unreached', message: unreachedMessage(reached.lastError) };
  const trouble = agentSays === undefined || agentSays === 'ok' ? undefined : agentSays;
  if (trouble !== undefined && isRenewal(trouble, agentTrouble))
    return { state: 'renewal_failing', message: trouble };
  const daysLeft = (newest.notAfterMs - nowMs) / DAY_MS;
  if (daysLeft < EXPIRING_DAYS) {
    const message = `Its certificate expires on ${day(newest.notAfterMs)} and was not renewed. Look at "linux-patch-api status" on the host.`;
    return { state: 'expiring', message };
  }
  if (newest.renewAtMs !== null && newest.renewAtMs + DAY_MS < nowMs) {
    const message = `It should have renewed its certificate on ${day(newest.renewAtMs)}: it is switched off, cut off, or its renewal fails.`;
    return { state: 'renewal_overdue', message };
  }
  if (trouble !== undefined) return { state: 'degraded', message: trouble };
  return { state: 'ok', message: null };
}

const RENEWAL_TROUBLES: readonly string[] = [
  'renewal_failing',
  'renewal_stalled',
] satisfies IdentityTrouble[];
/** How agents without codes (before 1.2) begin what they say of their renewal; nothing else of theirs decides. */
const OLDER_WORDS = /renew/i;

function isRenewal(words: string, code: string | null | undefined): boolean {
  return code === undefined ? OLDER_WORDS.test(words) : code !== null && RENEWAL_TROUBLES.includes(code);
}

function forkedMessage(serial: string): string {
  return (
    `Two machines hold its certificate ${serial}: whoever renewed it first, and whoever asked to renew it again. One of them is a copy ` +
    'or an old snapshot of the host, or has its key without being it. "linux-patch-manager certificates list --host" shows what is in force and ' +
    `"hosts show" what the host serves with: revoke the others, ${serial} in any case ("certificates revoke … --reason keyCompromise"). ` +
    'If the host itself is cut off by that, it asks to join again by itself: approve it with its code.'
  );
}

function unreachedMessage(lastError: string | null): string {
  if (lastError === null)
    return 'It joined and was not asked yet; that happens within seconds, unless fleet.poll_minutes is 0.';
  return (
    `It joined, but was never reached: ${lastError} Look at firewalls between the two, at the address it reported ` +
    '("linux-patch-manager hosts set" changes it) and at "linux-patch-api status" on the host.'
  );
}

function strangeMessage(serial: string): string {
  return (
    `Whoever answers at its address shows certificate ${serial}, which this manager did not issue to it, and is not believed. ` +
    'Another machine may have its address; or this manager was set back to a backup from before that certificate: ' +
    'then run "linux-patch-api --enroll" on the host and approve it with its code.'
  );
}

function uncertifiableMessage(fault: string): string {
  return (
    `Its certificate will not be renewed: ${fault}, and whoever holds a certificate for that could pose as another machine. ` +
    'Give the host a name and an address of its own ("linux-patch-manager hosts set" changes the address); ' +
    "if it is this manager's own machine, name both in certificates.local_hosts of the manager's configuration and restart the manager."
  );
}
